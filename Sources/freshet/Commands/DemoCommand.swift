import Foundation
import ServiceKit

/// `freshet demo`
enum DemoCommand {
    static let command = Command(
        "demo", "Show the whole job live, with no Kafka installed.",
        discussion:
            "Starts librdkafka's embedded broker in this process, a simulated shop that sends events to it, the "
            + "service, and a consumer of its lists, all over the real Kafka protocol. Ends by itself with a summary, and "
            + "with an error when the state rebuilt from the log is not the one that the service has.",
        options: [
            .option("events", "N", "About how many events.", type: .int(500...90_000), default: "50000"),
            .option("seed", "N", "Another shop.", type: .int(0...Int.max), default: "7"),
            .option("input", "FILE", "Play a data set (as `produce` reads them) instead of the simulated shop."),
            .option("seconds", "N", "How long the live part takes.", type: .int(1...3600), default: "40"),
            .flag("follow", "Go on afterwards; prints lines for joining in with kcat."),
            .option("svg", "FILE", "Record the screen as a picture that plays."), DataCommand.force,
            .option("set", "KEY=VALUE", "A setting of the service; can be repeated.", isRepeating: true),
            .option("config", "FILE", "A configuration file of the service.", short: "c"),
        ]
    ) { arguments in
        Signals.prepare()
        // What the shell has for a Kafka (TLS, a user) is not for the broker in this process. Training as often as pays in the
        // field would show nothing of it in so short a time.
        let configuration = try Settings.table.load(
            file: arguments["config"], environment: ProcessInfo.processInfo.environment,
            overrides: [Override(key: "training.interval", text: "8s")]
                + arguments.pairs("set").map { Override(key: $0.name, text: $0.value) }
        ).withoutPassThrough
        try OutputFile.check(arguments["svg"], replaces: arguments.flag("force"))
        // Log lines would tear the screen.
        LogSink.shared.level = .error
        var settings = DemoRun.Settings()
        settings.events = arguments.int("events") ?? settings.events
        settings.seed = UInt64(arguments.int("seed") ?? 7)
        settings.liveSeconds = Double(arguments.int("seconds") ?? 40)
        settings.input = arguments["input"]
        settings.follows = arguments.flag("follow")
        settings.svg = arguments["svg"]
        let run = DemoRun(settings, configuration)
        _ = try ServiceGroup(services: [run], logger: Logger(label: "freshet")).run()
        return run.exitCode
    }
}
