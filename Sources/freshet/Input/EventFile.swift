import Events
import Foundation
import ServiceKit

/// A data file's events in the file's order, and a count of the lines that make none.
final class EventFile {
    let format: DataFormat
    var name: String { input.name }
    var ratingsLeftOut: Int { reader.ratingsLeftOut }
    let rule: RatingRule
    private let input: InputFile
    private let reader: DataFileReader
    private(set) var events = 0
    /// Lines that make none.
    private(set) var rejected = RejectedLines()
    /// Bytes that came of the file, unpacked, and those of them that were read.
    private var (received, read) = (0, 0)
    /// What is read at once, so that a small file has a progress too.
    private static let pieceBytes = 1 << 14

    /// - Parameter format: found by looking at the file when nil.
    convenience init(
        _ path: String, format: DataFormat?, rule: RatingRule = .standard, typeNames: EventTypeNames = .standard
    ) throws {
        try self.init(InputFile(path), format: format, rule: rule, typeNames: typeNames)
    }

    /// Of a file whose beginning may have been looked at.
    init(
        _ input: InputFile, format: DataFormat?, rule: RatingRule = .standard, typeNames: EventTypeNames = .standard
    ) throws {
        self.input = input
        let prefix = try input.peek()
        guard !prefix.isEmpty else { throw CommandFailure("\(input.name) is empty", exitCode: 65) }
        guard let format = format ?? prefix.withUnsafeBytes({ DataFormat.detect(prefix: $0) }) else {
            let complaint = prefix.withUnsafeBytes { DataFormat.complaint(prefix: $0) }
            throw CommandFailure(
                "\(input.name) is in no format that is known: "
                    + (complaint ?? "its first line is '\(Self.firstLine(prefix))'"),
                remedy: "give --format; known are " + DataFormat.allCases.map(\.rawValue).joined(separator: ", "),
                exitCode: 65)
        }
        self.format = format
        self.rule = rule
        reader = DataFileReader(format: format, rule: rule, typeNames: typeNames)
    }

    /// Says why all events are views, where the table has no types; to be asked at the end.
    func reportUntyped() {
        if reader.isUntyped, events > 0 { Self.reportUntyped(name) }
    }

    static func reportUntyped(_ name: String) {
        LineOutput.standardError.write(line: "\(name): its table has no column of types: all events are views")
    }

    /// How many events the whole file has, by the share that was read; nil where its size is not known.
    var expected: Int? {
        guard let size = input.size, size > 0, input.consumed > 0, read > 0 else { return nil }
        let share = Double(input.consumed) / Double(size) * Double(read) / Double(received)
        return max(events, Int(Double(events) / share))
    }

    /// Hands on every event with its record, until `body` returns false, which waits for no other one, or the file ends.
    func forEach(_ body: (ShopEvent, DataRecord) throws -> Bool) throws {
        var goesOn = true
        func take(_ record: DataRecord) throws {
            guard goesOn else { return }
            switch record.content {
            case .event(let event):
                events += 1
                goesOn = try body(event, record)
            case .rejected(let rejection): rejected.add(rejection, record)
            }
        }
        while goesOn, try input.read({ try read($0, take) }) {}
        if goesOn { try reader.finish(take) }
    }

    private func read(_ bytes: UnsafeRawBufferPointer, _ take: (DataRecord) throws -> Void) throws {
        received += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceBytes)
            rest = rest.dropFirst(piece.count)
            read += piece.count
            try reader.read(UnsafeRawBufferPointer(rebasing: piece), take)
        }
    }

    private static func firstLine(_ bytes: ArraySlice<UInt8>) -> String {
        truncated(String(decoding: bytes.prefix { $0 != 0x0A }.prefix(200), as: UTF8.self), columns: 60)
    }
}
