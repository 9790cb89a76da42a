/// Reads events from the bytes of a data file, in pieces of any size; opening and unpacking the file is the caller's.
///
/// Lines end with `\n` or `\r\n`; blank lines are passed over, and so is a byte order mark. Cells of a table may stand in
/// double quotes (RFC 4180), but not hold the end of a line. A line that makes no event is handed on with the reason.
public final class DataFileReader {
    public let format: DataFormat
    /// Lines seen so far.
    public private(set) var lines = 0
    /// Ratings that the rule left out.
    public private(set) var ratingsLeftOut = 0

    /// Whether the table has neither types nor ratings, so that all its events are views.
    public var isUntyped: Bool { header?.isUntyped ?? false }

    private let rule: RatingRule
    private let decoder: EventDecoder
    private let typeNames: EventTypeNames
    private var header: TableHeader?
    private var cells = TableCells()
    private var partial: [UInt8] = []

    /// - Parameters:
    ///   - rule: what star ratings mean, in tables that have them and no types.
    ///   - typeNames: what the types of events are called.
    public init(format: DataFormat, rule: RatingRule = .standard, typeNames: EventTypeNames = .standard) {
        self.format = format
        self.rule = rule
        self.typeNames = typeNames
        decoder = EventDecoder(typeNames: typeNames)
    }

    /// Hands on what the next piece of the file completes, in order.
    public func read(_ piece: UnsafeRawBufferPointer, _ body: (DataRecord) throws -> Void) rethrows {
        var start = 0
        while let end = ByteSearch.first(UInt8(ascii: "\n"), in: piece, from: start) {
            let rest = UnsafeRawBufferPointer(rebasing: piece[start..<end])
            start = end + 1
            if partial.isEmpty {
                try line(rest, body)
            } else {
                partial.append(contentsOf: rest)
                try flush(body)
            }
        }
        partial.append(contentsOf: piece[start...])
    }

    /// Hands on a last line without an end. Call once, behind the last piece.
    public func finish(_ body: (DataRecord) throws -> Void) rethrows {
        if !partial.isEmpty { try flush(body) }
    }

    private func flush(_ body: (DataRecord) throws -> Void) rethrows {
        let whole = partial
        partial.removeAll(keepingCapacity: true)
        try whole.withUnsafeBytes { try line($0, body) }
    }

    private func line(_ bytes: UnsafeRawBufferPointer, _ body: (DataRecord) throws -> Void) rethrows {
        lines += 1
        var text = bytes
        if lines == 1, text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
            text = UnsafeRawBufferPointer(rebasing: text[3...])
        }
        while let last = text.last, last == 0x0D || last == 0x20 || (last == 0x09 && format == .jsonLines) {
            text = UnsafeRawBufferPointer(rebasing: text.dropLast())
        }
        if text.isEmpty { return }
        guard let content = content(text) else { return }
        try body(DataRecord(content: content, line: lines, source: text, isJSON: format == .jsonLines))
    }

    /// Nil for a header, and for a rating that the rule leaves out.
    private func content(_ text: UnsafeRawBufferPointer) -> DataRecord.Content? {
        if format == .jsonLines {
            var event = ShopEvent()
            return decoder.decode(text, into: &event).map { .rejected($0) } ?? .event(event)
        }
        guard UTF8Check.firstFault(text) == nil else { return .rejected(Rejection(.notUTF8)) }
        guard let header else {
            let isHeader = begin(text)
            return isHeader ? nil : content(text)
        }
        cells.split(text)
        return event(header)
    }

    /// Takes the first line; returns whether it is a header.
    private func begin(_ text: UnsafeRawBufferPointer) -> Bool {
        cells.chooseSeparator(text, format)
        cells.split(text)
        let names = (0..<cells.count).map { String(decoding: cells[$0], as: UTF8.self) }
        let named = TableHeader(names: names)
        if let named {
            header = named
            return true
        }
        header = format == .movieLens ? .movieLens : .taobao
        return false
    }

    private func event(_ header: TableHeader) -> DataRecord.Content? {
        var event = ShopEvent()
        if header.hasRating, header[.type] < 0 {
            let cell = cells[header.rating]
            guard let start = cell.baseAddress,
                let stars = DecimalNumber.parse(start.assumingMemoryBound(to: UInt8.self), cell.count)
            else { return .rejected(Rejection(.unknownType)) }
            guard let type = rule.type(of: stars) else {
                ratingsLeftOut += 1
                return nil
            }
            event.type = type
        } else if header.isUntyped {
            event.type = .view
        } else {
            let name = cells[header[.type]]
            if name.isEmpty { return .rejected(Rejection(.missingType)) }
            guard let type = typeNames.type(of: name) else { return .rejected(Rejection(.unknownType)) }
            event.type = type
        }
        event.user = cells[header[.user]]
        event.item = cells[header[.item]]
        event.eventID = cells[header[.eventID]]
        event.session = cells[header[.session]]
        event.categoryID = cells[header[.categoryID]]
        event.categoryCode = cells[header[.categoryCode]]
        event.brand = cells[header[.brand]]
        if event.user.isEmpty { return .rejected(Rejection(.missingUser)) }
        if event.item.isEmpty, event.type.touchesItem { return .rejected(Rejection(.missingItem)) }
        let longest = max(
            max(event.user.count, event.item.count, event.eventID.count, event.session.count), event.categoryID.count,
            event.categoryCode.count, event.brand.count)
        if longest > EventDecoder.idBytesMax { return .rejected(Rejection(.tooLongID)) }
        let time = cells[header[.time]]
        if time.isEmpty { return .rejected(Rejection(.missingTime)) }
        guard let milliseconds = EventTime.milliseconds(time) else { return .rejected(Rejection(.badTime)) }
        event.time = milliseconds
        event.price = price(cells[header[.price]])
        return .event(event)
    }

    private func price(_ cell: UnsafeRawBufferPointer) -> Double {
        cell.baseAddress.map { Price.parse($0.assumingMemoryBound(to: UInt8.self), cell.count) } ?? .nan
    }
}
