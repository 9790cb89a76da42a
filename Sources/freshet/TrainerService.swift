import HTTPAPI
import ServiceKit

/// An instance that only stands for election: in the place of the worker, which would tell the leader when to begin, and the
/// HTTP port what there is.
final class TrainerService: Service {
    let name = "trainer"
    let leader: LeaderService
    private let board: ServeBoard?
    private let stop = StopRequest()

    init(_ deployment: Deployment, board: ServeBoard?) throws {
        leader = try LeaderService(
            deployment, worker: try deployment.workerSettings(), log: deployment.logSettings(isStatic: true))
        self.board = board
    }

    func beginShutdown() { stop.request() }

    func run() throws {
        leader.begin()
        let metrics = board.map { LeaderMetrics($0.registry) }
        board?.show(.ready)
        while !stop.wait(for: .milliseconds(100)) {
            metrics?.update(leader.standing)
            // Lists and users are with the workers.
            board?.mailbox.serve { _ in nil }
        }
    }
}
