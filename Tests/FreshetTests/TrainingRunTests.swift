import Testing

@testable import freshet

@Suite struct TrainingRunTests {
    private let run = TrainingRun<String>()

    @Test func whatCameOfItStaysUntilItIsTakenOver() {
        #expect(run.isIdle && run.share == 0 && run.result == nil)
        run.note(share: 0.5)
        #expect(run.isIdle && run.share == 0, "nobody trains")
        run.begin()
        run.note(share: 0.5)
        #expect(!run.isIdle && run.share == 0.5 && run.result == nil)
        run.end(.success("a generation"))
        // A leader who starts over in between finds it.
        for _ in 0..<2 { #expect(!run.isIdle && run.share == 0 && run.result == .success("a generation")) }
        run.clear()
        #expect(run.isIdle && run.result == nil)
    }

    @Test func aFailureIsHeardOnce() {
        run.begin()
        run.end(.failure(.init()))
        #expect(!run.isIdle && run.result == .failure(.init()))
        run.clear()
        #expect(run.isIdle)
        // Cancelled, or refused by its recipe: nobody waits for that.
        run.begin()
        run.end(nil)
        #expect(run.isIdle && run.result == nil)
    }
}
