import HTTPAPI
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct LifeTests {
    /// A worker that hangs is told of; one whose broker is away is not.
    @Test func aWorkerThatDoesNotComeBackIsToldOf() {
        let now = Atomic(UInt64(1_000))
        let registry = MetricsRegistry()
        let board = ServeBoard(registry: registry) { now.load(ordering: .relaxed) }
        board.show(.ready)
        now.store(500_000, ordering: .relaxed)
        #expect(board.readiness == .ready && board.problem == nil)
        board.beginRound()
        now.store(505_000, ordering: .relaxed)
        #expect(board.readiness == .ready && board.problem == nil)
        now.store(506_000, ordering: .relaxed)
        #expect(
            board.readiness == .notReady(reason: "stalled", detail: "no round of work has ended for 6 s")
                && board.problem == nil)
        now.store(561_000, ordering: .relaxed)
        #expect(board.problem != nil)
        let text = String(decoding: registry.renderPrometheus(), as: UTF8.self)
        #expect(text.contains("\nfreshet_round_age_seconds 61\n"))
        board.show(.notReady(reason: "broker_unreachable", detail: "x"))
        #expect(board.readiness == .notReady(reason: "broker_unreachable", detail: "x"))
        board.beginRound()
        #expect(board.problem == nil)
    }

    /// Beside a worker that is well, and where there is none.
    @Test(arguments: [false, true]) func aLeaderThatDoesNotComeBackIsToldOf(isWorker: Bool) {
        let now = Atomic(UInt64(1_000))
        let board = ServeBoard(registry: MetricsRegistry(), hasWorker: isWorker) { now.load(ordering: .relaxed) }
        board.show(.ready)
        board.beginLeaderRound()
        now.store(301_000, ordering: .relaxed)
        if isWorker { board.beginRound() }
        #expect(board.problem == nil && board.readiness == .ready)
        now.store(302_000, ordering: .relaxed)
        #expect(board.problem == "no round of the leader has ended for 301 s" && board.readiness == .ready)
        board.beginLeaderRound()
        #expect(board.problem == nil)
        now.store(900_000, ordering: .relaxed)
        if isWorker { board.beginRound() }
        board.endLeader()
        #expect(board.problem == nil)
    }
}
