import Foundation
import Glibc

/// A plain socket on the loopback interface that speaks as much HTTP as the tests need.
final class Client {
    struct Reply: Equatable {
        var status: Int
        var head: String
        var body: String
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter source: the address to come from.
    init(port: UInt16, from source: String = "127.0.0.1", timeoutSeconds: Int = 10) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var own = address
        own.sin_port = 0
        own.sin_addr.s_addr = inet_addr(source)
        func with(_ address: inout sockaddr_in, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        _ = with(&own, bind)
        let result = with(&address, connect)
        self.descriptor = descriptor
        isConnected = result == 0
    }

    let isConnected: Bool

    deinit { close(descriptor) }

    /// - Returns: false when the other side is gone.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// The next reply; `nil` when the connection ends before it does.
    func receive(hasBody: Bool = true) -> Reply? {
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            headEnd = buffer.indices.first { buffer[$0...].starts(with: end) }
            if headEnd == nil, !fill() { return nil }
        }
        let head = String(decoding: buffer[..<headEnd!], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) }
        let bodyStart = headEnd! + 4
        let bodyEnd = bodyStart + (hasBody ? length ?? 0 : 0)
        while buffer.count < bodyEnd { if !fill() { return nil } }
        let body = String(decoding: buffer[bodyStart..<bodyEnd], as: UTF8.self)
        buffer.removeFirst(bodyEnd)
        return Reply(status: Int(lines[0].split(separator: " ")[1])!, head: head, body: body)
    }

    func get(_ path: String, method: String = "GET", headers: String = "") -> Reply? {
        send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
        return receive(hasBody: method != "HEAD")
    }

    /// Whether the other side has closed, waiting for it.
    func isClosed() -> Bool { !fill() }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }
}
