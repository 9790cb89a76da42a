internal import Evaluation
internal import Foundation
internal import ServiceKit

/// `freshet evaluate`: how good lists are, on data sets.
enum EvaluateCommand {
    static let command = Command(
        "evaluate", "Measure the quality of lists on a data set.",
        subcommands: [PrequentialCommand.command, OfflineCommand.command])

    static func readStream(_ path: String) throws -> EventStream {
        let data = try contents(path)
        do {
            return try data.withUnsafeBytes { try EventStreamReader().read($0) }
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
