import Foundation
import ServiceKit

/// `freshet-chaos`: the built program, a real cluster, constant load and everything that goes wrong; then a verdict.
@main
struct Main {
    static let command = Command(
        "freshet-chaos", "Instances and brokers are killed and frozen under load; then everything is counted.",
        discussion:
            "Needs the program `freshet` beside this one, and a launcher of Kafka clusters: a program that FRESHET_KAFKA_TOOL "
            + "names, else ../shared/kafka/kafka. It is called with these words, and ends with 0 where it has done so:\n"
            + "`start --dir D --brokers 3 --heap 384m -o KEY=VALUE -o KEY=VALUE` starts brokers with that heap and those "
            + "properties, whose files are in the folder D, and prints the line KAFKA_BOOTSTRAP=HOST:PORT,HOST:PORT,… last;\n"
            + "`kill --dir D --node N` ends a broker, numbered from 1, at once, and `resume` starts it again; `pause` freezes "
            + "it, and `unpause` lets it go on;\n"
            + "`stop --dir D --keep` ends all of them and leaves the folder.\n\n"
            + "FRESHET_PRELOAD names a newer librdkafka for the instances. Exit code 1 when a promise is broken.",
        options: [
            .option("minutes", "N", "How long faults go on.", type: .double(0.1...1440), default: "5"),
            .option("seed", "N", "Which faults, when, and which events.", type: .int(0...Int.max), default: "1"),
            .option("rate", "N", "Events a second.", type: .int(1...100_000), default: "300"),
            .option("instances", "N", "Instances of the program.", type: .int(1...16), default: "3"),
            .flag(
                "keep", "Keep the folder with the logs of instances and brokers also where every promise was kept."),
        ]
    ) { arguments in
        ChaosInterrupt.watch()
        let run = try ChaosRun(
            seed: UInt64(arguments.int("seed") ?? 1), rate: arguments.int("rate") ?? 300,
            instances: arguments.int("instances") ?? 3, keepsFolder: arguments.flag("keep"))
        return try run.run(minutes: arguments.double("minutes") ?? 5) ? 0 : 1
    }

    static func main() { exit(command.main()) }
}
