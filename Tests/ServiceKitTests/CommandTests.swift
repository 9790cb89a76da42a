import Testing

@testable import ServiceKit

@Suite struct CommandTests {
    let program = Command(
        "freshet", "Fresh lists from events.", version: "freshet 1.2.3",
        subcommands: [
            Command(
                "topics", "Topics and their settings.",
                subcommands: [
                    Command(
                        "create", "Makes the topics that are missing.",
                        options: [
                            .option("bootstrap", "host:port", "A broker to begin with.", default: "localhost:9092"),
                            .option(
                                "partitions", "n", "Partitions of the events topic.", short: "p", type: .int(1...64)),
                            .option("set", "key=value", "A setting.", isRepeating: true),
                            .flag("json", "Print JSON."),
                        ]
                    ) { arguments in
                        let pairs = try arguments.pairs("set")
                        guard arguments["bootstrap"] != "nowhere" else {
                            throw CommandFailure("no broker", exitCode: 69)
                        }
                        guard arguments["bootstrap"] != "wrong" else { throw UsageError("wrong bootstrap") }
                        guard arguments["bootstrap"] != "unread" else { throw ReaderGone() }
                        return Int32((arguments.int("partitions") ?? 0) + pairs.count * 100)
                            + (arguments.flag("json") ? 1_000 : 0)
                    },
                    Command("check", "Compares the topics with what is needed.") { _ in 0 },
                ]),
            Command(
                "produce", "Sends files.",
                arguments: [
                    Argument("topic", "Where to."), Argument("files", "What.", isRequired: false, isRepeating: true),
                ],
                options: [.option("rate", "n", "Events a second.", type: .double())]
            ) { arguments in
                Int32(arguments.all("files").count) + Int32(arguments.double("rate") ?? 0)
            },
        ])

    func run(_ line: String) -> (code: Int32, output: String, errors: String) {
        var output = ""
        var errors = ""
        let words = ["/usr/bin/freshet"] + line.split(separator: " ").map(String.init)
        let code = program.main(words, output: { output += $0 }, errors: { errors += $0 })
        return (code, output, errors)
    }

    @Test func optionsReachTheCommandInBothSpellings() {
        #expect(run("topics create --partitions 8").code == 8)
        #expect(run("topics create --partitions=8 --json").code == 1_008)
        #expect(run("topics create -p 8 --set a=1 --set b=x=y").code == 208)
        #expect(run("topics create --partitions 8 --partitions 9").code == 9)
    }

    @Test func argumentsAndOptionsMayMix() {
        #expect(run("produce events a.csv --rate 10 - b.csv").code == 13)
        #expect(run("produce events --rate -5 -- --odd-name").code == -4)
        #expect(run("produce events").code == 0)
    }

    @Test(arguments: [
        ("topcis create", "'freshet' has no subcommand 'topcis'; did you mean 'topics'?"),
        ("topics zzzzzzz", "'freshet topics' has no subcommand 'zzzzzzz'; there are create, check"),
        (
            "--frob",
            "'freshet' has no option '--frob'; there are --version and --help, which lists the subcommands: their "
                + "options follow their names"
        ),
        ("topics --hepl create", "'freshet topics' has no option '--hepl'; did you mean '--help'?"),
        ("topics create --partition 3", "unknown option '--partition'; did you mean '--partitions'?"),
        ("topics create --part=3", "unknown option '--part'; did you mean '--partitions'?"),
        ("topics create --partitions", "--partitions needs a value: -p, --partitions <n>"),
        ("topics create --partitions --json", "--partitions needs a value: -p, --partitions <n>"),
        ("topics create --partitions many", "--partitions takes a whole number from 1 to 64, not 'many'"),
        ("topics create --partitions 65", "--partitions takes a whole number from 1 to 64, not '65'"),
        ("topics create --json=yes", "--json takes no value"),
        ("topics create extra", "unexpected argument 'extra'"),
        ("topics create --set novalue", "--set takes name=value, not 'novalue'"),
        ("topics create --bootstrap wrong", "wrong bootstrap"),
        ("produce", "<topic> is missing"),
    ])
    func wrongUsageNamesTheWordAndEndsWith64(line: String, message: String) {
        let result = run(line)
        #expect(result.code == 64)
        #expect(result.errors.hasPrefix("Error: \(message)\n"), "\(result.errors)")
        #expect(result.output.isEmpty)
        let path = line.hasPrefix("topics c") ? "freshet topics create" : ""
        #expect(result.errors.contains("See 'freshet") && result.errors.contains(path))
    }

    @Test func failuresKeepTheirExitCode() {
        let result = run("topics create --bootstrap nowhere")
        #expect(result.code == 69)
        #expect(result.errors == "Error: no broker\n")
        let unread = run("topics create --bootstrap unread")
        #expect(unread.code == 0 && unread.errors.isEmpty)
    }

    @Test func helpIsLaidOut() {
        let expected = """
            OVERVIEW: Makes the topics that are missing.

            USAGE: freshet topics create [options]

            OPTIONS:
              --bootstrap <host:port>   A broker to begin with. (default: localhost:9092)
              -p, --partitions <n>      Partitions of the events topic.
              --set <key=value>         A setting.
              --json                    Print JSON.
              -h, --help                Print this help.

            """
        for line in [
            "topics create --help", "topics create --partitions 3 -h", "help topics create", "topics help create",
        ] {
            let result = run(line)
            #expect(result.code == 0)
            #expect(result.output == expected)
        }
        let group = run("")
        #expect(group.output.contains("SUBCOMMANDS:\n  topics                    Topics and their settings.\n"))
        #expect(group.output.contains("USAGE: freshet <subcommand>\n"))
        #expect(run("topics help").output == run("topics --help").output && run("topics help").code == 0)
        #expect(run("help produce").output.contains("USAGE: freshet produce <topic> [<files> ...] [options]\n"))
    }

    @Test func longHelpIsWrapped() {
        let long = String(repeating: "word ", count: 60)
        let command = Command("x", long, options: [.option("a-very-long-option-name", "value", long)]) { _ in 0 }
        let lines = command.help(path: ["x"], columns: 80).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.contains { $0.hasPrefix("                            word") })
    }

    @Test func versionIsPrinted() {
        #expect(run("--version").output == "freshet 1.2.3\n")
        #expect(run("topics create --version").output == "freshet 1.2.3\n")
    }
}
