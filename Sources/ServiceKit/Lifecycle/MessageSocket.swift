internal import Foundation

/// Messages between two processes of one program, whole and in order, over a stream socket: a byte that says what it is,
/// eight for the length (little-endian), the content.
///
/// One thread sends and one receives. A message is as large as memory allows: both ends are of the same build.
public final class MessageSocket: Sendable {
    /// Why nothing more is sent or received.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// The other end is gone.
        case closed
        case cancelled
        /// `errno`
        case system(Int32)

        public var description: String {
            switch self {
            case .closed: "the connection was closed"
            case .cancelled: "cancelled"
            case .system(let code): String(cString: strerror(code))
            }
        }
    }

    private let descriptor: Int32
    private static let waitMilliseconds: Int32 = 100
    private static let headBytes = 9

    /// Takes over a connected socket, and closes it in the end.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Sends a message, however long the other end takes to read it.
    public func send(_ kind: UInt8, _ content: [UInt8], isCancelled: () -> Bool = { false }) throws(Failure) {
        var head = [kind]
        withUnsafeBytes(of: UInt64(content.count).littleEndian) { head += $0 }
        try sendBytes(head, isCancelled)
        try sendBytes(content, isCancelled)
    }

    /// The next message; nil when the other end has closed after its last one.
    public func receive(isCancelled: () -> Bool = { false }) throws(Failure) -> (kind: UInt8, content: [UInt8])? {
        var head = [UInt8](repeating: 0, count: Self.headBytes)
        guard try fill(&head, isCancelled) else { return nil }
        let count = head[1...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var content = [UInt8](repeating: 0, count: Int(count))
        guard try fill(&content, isCancelled) else { throw .closed }
        return (head[0], content)
    }

    private func sendBytes(_ bytes: [UInt8], _ isCancelled: () -> Bool) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, isCancelled)
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 { sent += count } else { try check(errno) }
        }
    }

    /// False where the other end closed before the first byte.
    private func fill(_ bytes: inout [UInt8], _ isCancelled: () -> Bool) throws(Failure) -> Bool {
        var got = 0
        let wanted = bytes.count
        while got < wanted {
            try wait(for: POLLIN, isCancelled)
            let count = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + got, wanted - got, Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                got += count
            } else if count == 0 {
                if got == 0 { return false }
                throw .closed
            } else {
                try check(errno)
            }
        }
        return true
    }

    private func wait(for event: Int32, _ isCancelled: () -> Bool) throws(Failure) {
        while true {
            if isCancelled() { throw .cancelled }
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let ready = poll(&entry, 1, Self.waitMilliseconds)
            if ready > 0 { return }
            if ready < 0 { try check(errno) }
        }
    }

    private func check(_ code: Int32) throws(Failure) {
        switch code {
        case EAGAIN, EINTR: return
        case EPIPE, ECONNRESET: throw .closed
        default: throw .system(code)
        }
    }
}
