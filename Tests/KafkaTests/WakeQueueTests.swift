import Foundation
import Synchronization
import Testing

@testable import Kafka

/// Questions that wake librdkafka's threads end before the client does.
struct WakeQueueTests {
    @Test func nothingIsAskedOnceItHasEnded() {
        let asked = Mutex(0)
        let queue = WakeQueue()
        // One is under way when the end is asked for, which waits for it.
        let hasBegun = DispatchSemaphore(value: 0)
        queue.wake {
            hasBegun.signal()
            Thread.sleep(forTimeInterval: 0.05)
            asked.withLock { $0 += 1 }
        }
        hasBegun.wait()
        queue.end()
        #expect(asked.withLock { $0 } == 1)
        queue.wake { asked.withLock { $0 += 1 } }
        Thread.sleep(forTimeInterval: 0.1)
        #expect(asked.withLock { $0 } == 1)
    }
}
