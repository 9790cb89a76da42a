import ServiceKit
import Testing

struct RetryPauseTests {
    private let start = ContinuousClock.now

    @Test func pausesGrowToTenSeconds() {
        var pause = RetryPause(now: start)
        let pauses = (0..<25).map { _ in pause.next(now: start) }
        #expect(pauses[0] == .milliseconds(500) && pauses[3] == .seconds(2) && pauses[24] == .seconds(10))
    }

    @Test func aGoodMinuteEndsTheCount() {
        var pause = RetryPause(now: start)
        var now = start
        for _ in 0..<30 { now += pause.next(now: now) }
        // It works for less than a minute, then for longer.
        now += .seconds(59)
        #expect(pause.next(now: now) == .seconds(10))
        now += .seconds(10) + .seconds(60)
        #expect(pause.next(now: now) == .milliseconds(500))
    }
}
