/// The cells of one line of a table. A line with quotes is copied, and unquoted in the copy.
final class TableCells {
    private var cells: [UnsafeRawBufferPointer] = []
    private var separator = UInt8(ascii: ",")
    /// `::` in MovieLens' `ratings.dat`.
    private var isDoubled = false
    private var copy = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)

    init() { cells.reserveCapacity(32) }

    deinit { copy.deallocate() }

    var count: Int { cells.count }

    /// Empty for a column that the line lacks.
    subscript(column: Int) -> UnsafeRawBufferPointer {
        cells.indices.contains(column) ? cells[column] : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// A tab if the line has one, a semicolon if it has more of them than commas, else a comma.
    static func separator(of line: some Collection<UInt8>) -> UInt8 {
        if line.contains(UInt8(ascii: "\t")) { return UInt8(ascii: "\t") }
        let semicolons = line.count { $0 == UInt8(ascii: ";") }
        return semicolons > line.count { $0 == UInt8(ascii: ",") } ? UInt8(ascii: ";") : UInt8(ascii: ",")
    }

    /// That of the line, or `::` in MovieLens.
    func chooseSeparator(_ line: UnsafeRawBufferPointer, _ format: DataFormat) {
        isDoubled = false
        separator = Self.separator(of: line)
        if format == .movieLens, !line.contains(separator), line.contains(UInt8(ascii: ":")) {
            separator = UInt8(ascii: ":")
            isDoubled = true
        }
    }

    /// The cells are valid until the next line, and as long as the line's memory.
    func split(_ line: UnsafeRawBufferPointer) {
        cells.removeAll(keepingCapacity: true)
        if ByteSearch.first(UInt8(ascii: "\""), in: line) != nil {
            splitQuoted(line)
            return
        }
        var start = 0
        var search = 0
        while let end = ByteSearch.first(separator, in: line, from: search) {
            search = end + 1
            if isDoubled {
                guard search < line.count, line[search] == separator else { continue }
                search += 1
            }
            cells.append(UnsafeRawBufferPointer(rebasing: line[start..<end]))
            start = search
        }
        cells.append(UnsafeRawBufferPointer(rebasing: line[start...]))
    }

    private func splitQuoted(_ line: UnsafeRawBufferPointer) {
        if line.count > copy.count {
            copy.deallocate()
            copy = .allocate(byteCount: 2 * line.count, alignment: 16)
        }
        var write = 0
        var start = 0
        var isInside = false
        var index = 0
        while index < line.count {
            let byte = line[index]
            if byte == UInt8(ascii: "\"") {
                // Two quotes inside quotes are one; any other opens or closes.
                if isInside, index + 1 < line.count, line[index + 1] == byte {
                    copy[write] = byte
                    write += 1
                    index += 1
                } else {
                    isInside.toggle()
                }
            } else if byte == separator, !isInside {
                cells.append(UnsafeRawBufferPointer(rebasing: copy[start..<write]))
                start = write
            } else {
                copy[write] = byte
                write += 1
            }
            index += 1
        }
        cells.append(UnsafeRawBufferPointer(rebasing: copy[start..<write]))
    }
}
