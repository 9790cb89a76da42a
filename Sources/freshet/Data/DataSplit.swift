internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet data split`: the very splits that `evaluate offline` uses, on disk for other programs.
enum DataSplit {
    static let command = Command(
        "split", "Write the splits of `evaluate offline` to disk.",
        discussion:
            "Into the folder, or into fold-1, fold-2 … in it: train.jsonl and test.jsonl with the events; train.txt "
            + "and test.txt with lines of a user and its items, numbers from 0; users.txt and items.txt with the "
            + "identifier of each number. The same file and rule give the same bytes. `evaluate offline --train "
            + "train.jsonl --test test.jsonl` asks for the same.",
        arguments: [DataCommand.file],
        options: SplitOptions.options(default: "last-out", sampling: "--negatives") + [
            .option("to", "FOLDER", "Where to.", default: "."),
            DataCommand.force,
            .flag("negatives", "Write negatives.txt too: a user, its wanted item, and the 99 of --protocol ncf."),
        ]
    ) { arguments in
        let rule = try SplitOptions.rule(arguments)
        guard !arguments.flag("negatives") || rule == .lastOut else {
            throw UsageError("--negatives takes --split last-out")
        }
        let folders = folders(URL(fileURLWithPath: arguments.required("to")), rule)
        for folder in folders where FileManager.default.fileExists(atPath: folder.path) {
            for name in names(hasNegatives: arguments.flag("negatives")) {
                try OutputFile.check(folder.appending(path: name).path, replaces: arguments.flag("force"))
            }
        }
        let stream = try SplitOptions.stream(
            arguments.required("file"), arguments, isSampled: arguments.flag("negatives"))
        for (place, split) in zip(folders, rule.splits(of: stream)) {
            try write(split, to: place, hasNegatives: arguments.flag("negatives"))
            LineOutput.standardError.write(
                line: "\(place.path): of \(HumanFormat.counted(stream.count, "event")) "
                    + "\(HumanFormat.grouped(split.train.count)) to learn, "
                    + "\(HumanFormat.grouped(split.test.count)) to ask of "
                    + HumanFormat.counted(split.askedCount, "user")
            )
            SplitOptions.reportStrangers(CollectionOfOne(split))
            SplitOptions.reportRepetitions(split, of: stream)
        }
        return 0
    }

    /// A folder for each split.
    private static func folders(_ folder: URL, _ rule: SplitRule) -> [URL] {
        guard case .folds(let count) = rule else { return [folder] }
        return (1...count).map { folder.appending(path: "fold-\($0)") }
    }

    private static func names(hasNegatives: Bool) -> [String] {
        ["train.jsonl", "test.jsonl", "train.txt", "test.txt", "users.txt", "items.txt"]
            + (hasNegatives ? ["negatives.txt"] : [])
    }

    static func write(_ split: OfflineSplit, to folder: URL, hasNegatives: Bool) throws {
        for stream in [split.train, split.test] { try UserLinesWriter.refuseLineBreaks(stream) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(
                "cannot make the folder '\(folder.path)': \(error.localizedDescription)", exitCode: 73)
        }
        func output(_ name: String) throws -> OutputFile { try OutputFile(folder.appending(path: name).path) }
        for (name, stream) in [("train.jsonl", split.train), ("test.jsonl", split.test)] {
            let file = try output(name)
            for index in 0..<stream.count {
                try file.write {
                    EventEncoder.append(stream.event(index), to: &$0)
                    $0.append(UInt8(ascii: "\n"))
                }
            }
            try file.finish()
        }
        var writer = UserLinesWriter()
        try writer.write(split.train, to: output("train.txt"))
        try writer.write(split.test, to: output("test.txt"))
        if hasNegatives {
            let file = try output("negatives.txt")
            let negatives = SampledNegatives().draw(split)
            for index in 0..<split.test.count {
                let event = split.test.event(index)
                var numbers = [writer.user(event.user), writer.item(event.item)]
                for item in negatives[split.test.userNumber(index)] {
                    numbers.append(writer.item(split.train.itemIdentifier(item)))
                }
                try file.write {
                    $0.append(contentsOf: (numbers.map(String.init).joined(separator: " ") + "\n").utf8)
                }
            }
            try file.finish()
        }
        for (name, identifiers) in [("users.txt", writer.users), ("items.txt", writer.items)] {
            try UserLinesWriter.write(identifiers, to: output(name))
        }
    }
}
