internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet evaluate`: how good lists are, on data sets.
enum EvaluateCommand {
    static let command = Command(
        "evaluate", "Measure the quality of lists on a data set.",
        subcommands: [PrequentialCommand.command, OfflineCommand.command])

    static func readStream(_ path: String, rule: RatingRule = .positives) throws -> EventStream {
        let data = try contents(path)
        var reader = EventStreamReader()
        reader.rule = rule
        do {
            return try data.withUnsafeBytes { try reader.read($0) }
        } catch {
            throw CommandFailure("'\(path)' is no data set that can be read: \(error)", exitCode: 65)
        }
    }

    /// A whole file, unpacked where it is gzip; `-` for standard input.
    static func contents(_ path: String) throws -> Data {
        let file = try InputFile(path)
        var data = Data()
        while try file.read({ data.append(contentsOf: $0) }) {}
        return data
    }
}
