import HTTPAPI
import Pipeline
import ServiceKit

/// An instance that only stands for election: in the place of the worker, which would tell the leader when to begin, and the
/// HTTP port what there is.
final class TrainerService: Service {
    let name = "trainer"
    let leader: LeaderService
    private let board: ServeBoard?
    /// The one that elects the leader.
    private let group: String
    private let stop = Latch()

    init(_ deployment: Deployment, board: ServeBoard?) throws {
        leader = try LeaderService(
            deployment, worker: try deployment.workerSettings(), log: deployment.logSettings(isStatic: true),
            board: board)
        self.board = board
        group = deployment.topics.leaderGroup
    }

    func beginShutdown() { stop.set() }

    func run() throws {
        leader.begin()
        let metrics = board.map { LeaderMetrics($0.registry) }
        while !stop.wait(for: .milliseconds(100)) {
            let standing = leader.standing
            metrics?.update(standing)
            board?.show(
                standing.isAtWork
                    ? .ready : .notReady(reason: "starting", detail: "the group \(group) has not been joined"))
        }
    }
}
