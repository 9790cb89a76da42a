internal import Events
internal import ServiceKit

/// `freshet data`: look at data sets, part them, write them anew, make one.
enum DataCommand {
    static let command = Command(
        "data", "Look at data sets, part them, write them anew, make one.",
        subcommands: [DataStatistics.command, DataSplit.command, DataConversion.command, DataSimulation.command])

    static let file = Argument(
        "file",
        "REES46, Taobao, RetailRocket, MovieLens, JSON lines, another table, or lines of a user and its items; - for "
            + "standard input.")
    static let ratings = ratings(default: "positive")

    static func ratings(default standard: String?, _ more: String = "") -> Option {
        .option(
            "ratings", "WHICH",
            "Of star ratings: those of 4 and more as purchases; with all, lower ones as views\(more).",
            type: .oneOf(["positive", "all"]), default: standard)
    }

    static let force = Option.flag("force", "Write over a file that is there; over a picture (.svg) without it too.")

    static func rule(_ arguments: ParsedArguments) -> RatingRule {
        arguments["ratings"] == "all" ? .standard : .positives
    }
}
