internal import Evaluation
internal import Events
internal import ServiceKit

/// The options by which commands part a data set.
enum SplitOptions {
    /// - Parameter sampling: the option with which low ratings count too.
    static func options(default split: String, sampling: String? = nil) -> [Option] {
        [
            sampling.map { DataCommand.ratings(default: nil, "; positive by default, with \($0) all") }
                ?? DataCommand.ratings,
            .option(
                "split", "RULE",
                "last-out: each user's last event is asked; time=0.8: the last fifth of the events; k-fold=5: each "
                    + "fifth of a user's items once.", default: split),
            .option(
                "min-user", "N", "Leave out users with fewer items; 5 by default, with last-out 1.",
                type: .int(1...1_000_000)),
            .option(
                "min-item", "N", "Leave out items with fewer users; 5 by default, with last-out 1.",
                type: .int(1...1_000_000)),
        ]
    }

    static func rule(_ arguments: ParsedArguments) throws -> SplitRule {
        let text = arguments.required("split")
        guard let rule = SplitRule(text) else {
            throw UsageError(
                "--split takes last-out, time=SHARE (above 0 and below 1) or k-fold=NUMBER (from 2 to 1000), not '\(text)'"
            )
        }
        return rule
    }

    /// What star ratings mean: He et al., whose protocol draws candidates, take every one, however low, as an interaction.
    static func ratings(_ arguments: ParsedArguments, isSampled: Bool) -> RatingRule {
        (arguments["ratings"] ?? (isSampled ? "all" : "positive")) == "all" ? .standard : .positives
    }

    /// The events of a file that have what `--min-user` and `--min-item` ask.
    /// - Parameter isSampled: whether wanted items compete with drawn ones.
    static func stream(
        _ path: String, _ arguments: ParsedArguments, isSampled: Bool = false
    ) throws -> EventStream {
        let rule = try rule(arguments)
        let minimum = rule.minimum
        let (user, item) = (arguments.int("min-user") ?? minimum, arguments.int("min-item") ?? minimum)
        let stream = try EvaluateCommand.readStream(path, rule: ratings(arguments, isSampled: isSampled))
        if case .time = rule, !stream.hasTimes {
            throw CommandFailure(
                "\(path) has no times by which it could be parted",
                remedy: "take --split k-fold=5, or --train and --test",
                exitCode: 65)
        }
        if rule == .lastOut { EvaluateCommand.warnOfOrder(stream, path) }
        let kept = stream.keeping(userMinimum: user, itemMinimum: item)
        guard kept.count > 0 else { throw nothingLeft(of: stream, path, user, item) }
        if stream.erasures > 0 {
            LineOutput.standardError.write(
                line: "\(path): \(HumanFormat.counted(stream.erasures, "event")) left out: they erase a user")
        }
        if kept.count < stream.count {
            LineOutput.standardError.write(
                line: "\(path): \(HumanFormat.grouped(stream.count - kept.count)) of "
                    + "\(HumanFormat.counted(stream.count, "event")) left out by --min-user \(user) --min-item \(item), "
                    + "with \(HumanFormat.counted(stream.userCount - kept.userCount, "user")) and "
                    + HumanFormat.counted(stream.itemCount - kept.itemCount, "item"))
        }
        return kept
    }

    /// Says how many events are not asked for, since training does not know their users, and how many users are not whose
    /// last event is a repetition.
    static func reportStrangers(_ splits: some Sequence<OfflineSplit>) {
        var (events, users, repeaters) = (0, 0, 0)
        for split in splits {
            events += split.strangers.events
            users += split.strangers.users
            repeaters += split.repeaters
        }
        if repeaters > 0 {
            LineOutput.standardError.write(
                line: "\(HumanFormat.counted(repeaters, "user")) whose last event is of an item that they had touched "
                    + "before \(repeaters == 1 ? "is" : "are") not asked for")
        }
        guard events > 0 else { return }
        LineOutput.standardError.write(
            line: "\(HumanFormat.counted(events, "event")) of \(HumanFormat.counted(users, "user")) whom the training "
                + "does not know \(events == 1 ? "is" : "are") left out")
    }

    /// Says how many events of a stream are neither learnt nor asked for since their users have their items already.
    static func reportRepetitions(_ split: OfflineSplit, of stream: EventStream) {
        let count = stream.count - split.train.count - split.test.count - split.strangers.events
        guard count > 0 else { return }
        LineOutput.standardError.write(
            line: "\(HumanFormat.counted(count, "event")) of items that their users have in the training, or have been "
                + "asked for, \(count == 1 ? "is" : "are") left out")
    }

    /// Names the highest minima of both that leave something; with 1 everything is left.
    static func nothingLeft(of stream: EventStream, _ path: String, _ user: Int, _ item: Int) -> CommandFailure {
        func kept(_ minimum: Int) -> EventStream {
            stream.keeping(userMinimum: min(user, minimum), itemMinimum: min(item, minimum))
        }
        var (enough, tooMany) = (1, max(user, item))
        while tooMany - enough > 1 {
            let middle = (enough + tooMany) / 2
            if kept(middle).count > 0 { enough = middle } else { tooMany = middle }
        }
        let left = kept(enough)
        return CommandFailure(
            "no events of '\(path)' are left where each user has \(HumanFormat.counted(user, "item")) or more, and "
                + "each item \(HumanFormat.counted(item, "user")) or more (--min-user \(user) --min-item \(item))",
            remedy: "--min-user \(min(user, enough)) --min-item \(min(item, enough)) leaves "
                + "\(HumanFormat.counted(left.count, "event")) of \(HumanFormat.counted(left.userCount, "user"))",
            exitCode: 65)
    }
}
