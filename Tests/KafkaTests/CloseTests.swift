import Dispatch
import Foundation
import Kafka
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct CloseTests {
    /// librdkafka 2.0.2 ends the process when a member that has joined, and has no assignment yet, is freed.
    @Test func aMemberMayLeaveBeforeItsFirstAssignment() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("close", partitions: 1)
            for attempt in 0..<8 {
                let settings = try RealKafka.settings().merging(["group.id": uniqueName("close")])
                let consumer = try GroupConsumer(settings)
                try consumer.subscribe(to: [topic])
                let deadline = Deadline(seconds: 20)
                while consumer.memberID == nil, !deadline.isOver { pause(milliseconds: 1) }
                // Nothing is polled: whatever the group says now is heard by nobody.
                pause(milliseconds: attempt * 5)
                #expect(consumer.close(timeoutMilliseconds: 10_000))
            }
        }
    }

    /// A call about the assignment that comes just when librdkafka ends its side of the group waits for ever (2.0.2).
    @Test(arguments: [nil, "a"]) func aMemberClosesThatWasNotPolled(_ instance: String?) async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("close", partitions: 1)
            for _ in 0..<4 {
                let settings = try RealKafka.settings().merging(["group.id": uniqueName("close")])
                    .merging(instance.map { ["group.instance.id": $0] } ?? [:])
                let consumer = try GroupConsumer(settings)
                try consumer.subscribe(to: [topic])
                // It has its partition by then, and nobody has taken it.
                pause(milliseconds: 4_500)
                let closed = DispatchSemaphore(value: 0)
                Thread.detachNewThread {
                    consumer.close(timeoutMilliseconds: 3_000)
                    closed.signal()
                }
                #expect(closed.wait(timeout: .now() + 10) == .success)
            }
        }
    }
}
