import Events
import Foundation
import ServiceKit

/// A file with the shop's catalogue: JSON lines, each the value of a record of the topic `items`.
final class CatalogueFile {
    var name: String { input.name }
    private(set) var items = 0
    /// Lines that make no record.
    private(set) var rejected = RejectedLines()
    private let input: InputFile
    private let decoder = CatalogueDecoder()
    private let events: EventDecoder
    private var event = ShopEvent()
    private let lines: LineReader

    init(_ path: String, typeNames: EventTypeNames = .standard) throws {
        input = try InputFile(path)
        events = EventDecoder(typeNames: typeNames)
        lines = LineReader(input)
        guard try !input.peek().isEmpty else { throw CommandFailure("\(input.name) is empty", exitCode: 65) }
    }

    /// How many items the whole file has, by the share that was read; nil where its size is not known.
    var expected: Int? {
        guard let size = input.size, size > 0, input.consumed > 0, lines.share > 0 else { return nil }
        let share = Double(input.consumed) / Double(size) * lines.share
        return max(items, Int(Double(items) / share))
    }

    /// Hands on the id and the value of every item, until `body` returns false, or the file ends.
    func forEach(_ body: (String, UnsafeRawBufferPointer) throws -> Bool) throws {
        while let line = try lines.next() {
            guard try take(line, lines.count, body) else { return }
        }
        // The last line may have no end.
        _ = try take(lines.rest, lines.count + 1, body)
    }

    private func take(
        _ line: Data, _ number: Int, _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { return true }
        return try line.withUnsafeBytes { bytes in
            // An event reads like an item, and would put what it knows in the place of the item's whole entry.
            guard events.decode(bytes, into: &event) != nil else {
                throw CommandFailure(
                    "\(name), line \(number), is an event, and no item of a catalogue",
                    remedy: "without --catalogue `freshet produce` sends events", exitCode: 65)
            }
            switch decoder.decode(key: nil, value: bytes) {
            case .success(let change):
                guard case .item(let item) = change else { return true }
                items += 1
                return try body(item.id, bytes)
            case .failure(let rejection):
                rejected.add(rejection, line: number, source: bytes)
                return true
            }
        }
    }
}
