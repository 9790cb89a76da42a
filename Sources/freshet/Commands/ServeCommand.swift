import Foundation
import Pipeline
import ServiceKit

/// `freshet serve`
enum ServeCommand {
    static let command = Command(
        "serve", "Run the service until SIGTERM.",
        discussion:
            "Reads events, keeps users, items and lists up to date, and publishes the lists. Start more of them to "
            + "share the partitions out. Every setting can be given as --set KEY=VALUE; `freshet config` prints all of "
            + "them with their meaning.\n\n"
            + "Over HTTP: GET /health, /ready and /metrics (Prometheus); /recommendations/{user}, a user's list, and "
            + "/popular, the list of who is not known; /related/{item}; the rows of the feature store as "
            + "/features/users/{user} and /features/items/{item}. A user is known to the instance that has the "
            + "user's partition.",
        options: Deployment.options + [
            .option(
                "http", "HOST:PORT", "Answer HTTP here, over the setting server.http; no port where neither is given."),
            .option(
                "live-chart", "FILE.svg",
                "Draw there, at the end, how good this instance's lists were: freshet_live_hit_rate and freshet_live_ndcg over "
                    + "the events."),
            .flag("stop-at-end", "Work up to the topic's present end, commit, and end with a summary in JSON."),
        ]
    ) { arguments in
        Signals.prepare()
        let deployment = try Deployment(arguments)
        try deployment.checkClient()
        let began = monotonicMilliseconds()
        let isWorker = try deployment.roles().contains(.worker)
        let address = arguments["http"] ?? deployment.configuration.string("server.http")
        let board = address.isEmpty ? nil : ServeBoard(hasWorker: isWorker)
        let stopsAtEnd = arguments.flag("stop-at-end")
        try OutputFile.check(arguments["live-chart"], replaces: false)
        let chart = arguments["live-chart"].map { _ in LiveChart() }
        var members: [ServiceGroup.Member] = []
        var worker: ServeService?
        if isWorker {
            worker = try addWorker(deployment, board, chart, stopsAtEnd: stopsAtEnd, to: &members)
        } else {
            guard !stopsAtEnd else {
                throw UsageError("--stop-at-end is for workers, and instance.roles of this instance has none")
            }
            let trainer = try TrainerService(deployment, board: board)
            members += [.init(trainer.leader, whenFinished: .ignore), .init(trainer)]
        }
        if let board {
            let source = arguments["http"] == nil ? "server.http" : "--http"
            members.append(.init(try HTTPService(address, of: source, board), whenFinished: .ignore))
        }
        defer { if let path = arguments["live-chart"] { chart?.write(to: path) } }
        let end = try ServiceGroup(members: members, logger: Logger(label: "freshet")).run()
        if let summary = worker?.result {
            print(summary.json(seconds: Double(monotonicMilliseconds() - began) / 1000, cpuSeconds: cpuSeconds()))
        } else if stopsAtEnd, case .signal(let number) = end {
            Logger(label: "freshet").warning("interrupted before the end: what is committed is kept")
            return 128 + number
        }
        return 0
    }

    /// A worker, and what belongs to it.
    private static func addWorker(
        _ deployment: Deployment, _ board: ServeBoard?, _ chart: LiveChart?, stopsAtEnd: Bool,
        to members: inout [ServiceGroup.Member]
    ) throws -> ServeService {
        let lag = board.map {
            LagService(
                deployment.client, topic: deployment.topics.events, group: deployment.topics.application,
                registry: $0.registry)
        }
        let rekey = deployment.isRekeyed ? try RekeyService(deployment, stopsAtEnd: stopsAtEnd) : nil
        let worker = try ServeService(
            deployment, stopsAtEnd: stopsAtEnd, board: board, lag: lag, rekey: rekey, chart: chart)
        if let leader = worker.leader { members.append(.init(leader, whenFinished: .ignore)) }
        members.append(.init(worker))
        if let rekey { members.append(.init(rekey, whenFinished: .ignore)) }
        if let lag { members.append(.init(lag, whenFinished: .ignore)) }
        return worker
    }
}

/// CPU time of this process and of the trainings that it started and that are over, user and system, in seconds.
func cpuSeconds() -> Double {
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return [RUSAGE_SELF, RUSAGE_CHILDREN].reduce(0) { sum, who in
        var usage = rusage()
        getrusage(Int32(who.rawValue), &usage)
        return sum + seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
