internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet evaluate`: how good lists are, on data sets.
enum EvaluateCommand {
    static let command = Command(
        "evaluate", "Measure the quality of lists on a data set.", discussion: measures,
        subcommands: [PrequentialCommand.command, OfflineCommand.command])

    /// What each figure is of, and why it may not be there.
    private static let measures = """
        Of each user (or event) with a list of N items, of which R were wanted; the figure is the mean over users:
        HR: 1 with a hit in the list. Recall: hits / R. Precision: hits / N. MRR: 1 / the first hit's rank.
        MAP: the precision at each hit's rank, summed, / min(R, N). NDCG: / that of the best list of min(R, N) hits.
        AUC (--auc): pairs of a wanted item and another untouched one in the right order, ties half, / all such pairs; \
        a wanted item that training never saw counts 0. The served list scores no items, and has none.
        Of all lists together, where the catalogue is the items with interactions or in lists:
        Coverage: items in some list / the catalogue. Novelty: -log2 of (an item's interactions / all interactions), \
        / the items listed. Diversity: pairs of unlike categories / all pairs of a list, mean over lists; without \
        categories there is none. Gini of how often items are listed: the mean difference of two items / twice the \
        mean: 0 where all are listed alike.
        """

    /// The events of a file; of its lines that make none a count goes to standard error.
    /// - Parameter rule: what star ratings mean; nil for the usual, where no option says otherwise.
    static func readStream(_ path: String, rule: RatingRule? = nil) throws -> EventStream {
        try readStream(InputFile(path), rule: rule)
    }

    /// Those of a file whose beginning may have been looked at.
    static func readStream(_ file: InputFile, rule: RatingRule? = nil) throws -> EventStream {
        let (data, name) = (try contents(file), file.name)
        guard !data.isEmpty else { throw CommandFailure("\(name) is empty", exitCode: 65) }
        var reader = EventStreamReader()
        reader.rule = rule ?? .positives
        var rejected = RejectedLines()
        let stream: EventStream
        do {
            stream = try data.withUnsafeBytes { try reader.read($0) { rejected.add($0, $1) } }
        } catch {
            throw CommandFailure("\(name) is no data set that can be read: \(error)", exitCode: 65)
        }
        rejected.report(of: name)
        if stream.isUntyped, stream.count > 0 { EventFile.reportUntyped(name) }
        let leftOut = reader.rule.text(leftOut: stream.ratingsLeftOut, hasOption: rule != nil)
        if let leftOut, stream.count > 0 { LineOutput.standardError.write(line: "\(name): \(leftOut)") }
        guard stream.count > 0 else {
            throw CommandFailure("\(name) holds no events" + (leftOut.map { ": \($0)" } ?? ""), exitCode: 65)
        }
        return stream
    }

    /// Says that the order of a file without times stands for them, where it does.
    static func warnOfOrder(_ stream: EventStream, _ path: String) {
        guard !stream.hasTimes else { return }
        LineOutput.standardError.write(line: "\(path) has no times: its order is taken for theirs")
    }

    /// A whole file, unpacked where it is gzip; `-` for standard input.
    static func contents(_ path: String) throws -> Data { try contents(InputFile(path)) }

    private static func contents(_ file: InputFile) throws -> Data {
        var data = Data()
        while try file.read({ data.append(contentsOf: $0) }) {}
        return data
    }
}

extension RatingRule {
    /// How many star ratings are left out, if any.
    /// - Parameter hasOption: whether the command has --ratings.
    func text(leftOut count: Int, hasOption: Bool) -> String? {
        guard count > 0 else { return nil }
        return HumanFormat.counted(count, "rating") + " below " + HumanFormat.fixed(viewFrom, digits: 0) + " left out"
            + (hasOption ? " (--ratings all takes them as views)" : "")
    }
}
