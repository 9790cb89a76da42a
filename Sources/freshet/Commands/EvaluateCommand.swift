internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet evaluate`: how good lists are, on data sets.
enum EvaluateCommand {
    static let command = Command(
        "evaluate", "Measure the quality of lists on a data set.",
        subcommands: [PrequentialCommand.command, OfflineCommand.command])

    /// The events of a file; of its lines that make none a count goes to standard error.
    static func readStream(_ path: String, rule: RatingRule = .positives) throws -> EventStream {
        let data = try contents(path)
        let name = path == "-" ? "standard input" : path
        guard !data.isEmpty else { throw CommandFailure("\(name) is empty", exitCode: 65) }
        var reader = EventStreamReader()
        reader.rule = rule
        var rejected = RejectedLines()
        let stream: EventStream
        do {
            stream = try data.withUnsafeBytes { try reader.read($0) { rejected.add($0, $1) } }
        } catch {
            throw CommandFailure("\(name) is no data set that can be read: \(error)", exitCode: 65)
        }
        rejected.report(of: name)
        guard stream.count > 0 else { throw CommandFailure("\(name) holds no events", exitCode: 65) }
        return stream
    }

    /// A whole file, unpacked where it is gzip; `-` for standard input.
    static func contents(_ path: String) throws -> Data {
        let file = try InputFile(path)
        var data = Data()
        while try file.read({ data.append(contentsOf: $0) }) {}
        return data
    }
}
