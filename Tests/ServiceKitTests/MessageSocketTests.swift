import Foundation
import Synchronization
import Testing

@testable import ServiceKit

@Suite struct MessageSocketTests {
    private static func pair() -> (MessageSocket, MessageSocket) {
        var ends: [Int32] = [0, 0]
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (MessageSocket(descriptor: ends[0]), MessageSocket(descriptor: ends[1]))
    }

    /// Larger than any buffer between them, empty, and in order.
    @Test func messagesArriveWholeAndInOrder() throws {
        let (sender, receiver) = Self.pair()
        let large = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        Thread.detachNewThread {
            for (kind, content) in [(7, large), (0, []), (255, [1, 2, 3])] as [(UInt8, [UInt8])] {
                try? sender.send(kind, content)
            }
        }
        let first = try #require(try receiver.receive())
        #expect(first.kind == 7 && first.content == large)
        let second = try #require(try receiver.receive())
        #expect(second.kind == 0 && second.content.isEmpty)
        let third = try #require(try receiver.receive())
        #expect(third.kind == 255 && third.content == [1, 2, 3])
    }

    @Test func theEndIsToldApartFromABrokenMessage() throws {
        var (sender, receiver): (MessageSocket?, MessageSocket) = Self.pair()
        try sender?.send(1, [1])
        sender = nil
        #expect(try receiver.receive()?.kind == 1)
        #expect(try receiver.receive() == nil)

        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        receiver = MessageSocket(descriptor: ends[0])
        // A head that announces ten bytes, of which two come.
        let torn: [UInt8] = [1, 10, 0, 0, 0, 0, 0, 0, 0, 1, 2]
        #expect(write(ends[1], torn, torn.count) == torn.count)
        close(ends[1])
        #expect(throws: MessageSocket.Failure.closed) { try receiver.receive() }
    }

    /// A peer that is gone is an error, not a signal that ends the process; one that does not read or write can be given up.
    @Test func nobodyIsWaitedForInVain() throws {
        let alone = Self.pair().0
        #expect(throws: MessageSocket.Failure.closed) { try alone.send(1, [UInt8](repeating: 0, count: 1 << 20)) }

        let (sender, idle) = Self.pair()
        let asked = Atomic(0)
        let cancel: () -> Bool = { asked.add(1, ordering: .relaxed).newValue > 3 }
        #expect(throws: MessageSocket.Failure.cancelled) {
            try sender.send(1, [UInt8](repeating: 0, count: 50 << 20), isCancelled: { cancel() })
        }
        asked.store(0, ordering: .relaxed)
        #expect(throws: MessageSocket.Failure.cancelled) { try sender.receive(isCancelled: cancel) }
        _ = idle
    }
}
