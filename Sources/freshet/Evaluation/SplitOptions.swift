internal import Evaluation
internal import Events
internal import ServiceKit

/// The options by which commands part a data set.
enum SplitOptions {
    static func options(default split: String) -> [Option] {
        [
            .option(
                "split", "rule",
                "last-out: each user's last event is asked; time=0.8: the last fifth of the events; k-fold=5: each "
                    + "fifth of a user's items once", default: split),
            .option(
                "min-user", "n", "leave out users with fewer items (default: 5, with last-out 1)",
                type: .int(1...1_000_000)),
            .option(
                "min-item", "n", "leave out items with fewer users (default: 5, with last-out 1)",
                type: .int(1...1_000_000)),
        ]
    }

    static func rule(_ arguments: ParsedArguments) throws -> SplitRule {
        let text = arguments.required("split")
        guard let rule = SplitRule(text) else {
            throw UsageError("--split takes last-out, time=SHARE or k-fold=NUMBER, not '\(text)'")
        }
        return rule
    }

    /// The events of a file that have what `--min-user` and `--min-item` ask.
    /// - Parameter ratings: what star ratings mean.
    static func stream(
        _ path: String, _ arguments: ParsedArguments, ratings: RatingRule = .positives
    ) throws -> EventStream {
        let minimum = try rule(arguments).minimum
        let stream = try EvaluateCommand.readStream(path, rule: ratings).keeping(
            userMinimum: arguments.int("min-user") ?? minimum, itemMinimum: arguments.int("min-item") ?? minimum)
        guard stream.count > 0 else {
            throw CommandFailure(
                "no events of '\(path)' are left", remedy: "give a lower --min-user or --min-item", exitCode: 65)
        }
        return stream
    }
}
