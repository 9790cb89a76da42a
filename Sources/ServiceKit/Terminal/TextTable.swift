/// Rows under a header, in aligned columns, two spaces apart.
public struct TextTable: Sendable {
    /// On which side cells stand in their column.
    public enum Alignment: Sendable {
        case left, right
    }

    /// A column: its header, and how its cells stand.
    public struct Column: Sendable {
        let title: String
        let alignment: Alignment
        let widthMax: Int

        /// - Parameter widthMax: longer cells are cut there.
        public init(_ title: String, _ alignment: Alignment = .left, widthMax: Int = 60) {
            self.title = title
            self.alignment = alignment
            self.widthMax = widthMax
        }
    }

    let columns: [Column]
    private(set) var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row of as many cells as there are columns; what a cell holds may come from anywhere.
    public mutating func append(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has \(cells.count) cells, the table \(columns.count) columns")
        rows.append(zip(cells, columns).map { truncated($0, columns: $1.widthMax) })
    }

    /// The header and the rows, each a line with its end.
    public func render(style: Style = Style(isEnabled: false)) -> String {
        let widths = columns.indices.map { index in
            rows.reduce(displayWidth(columns[index].title)) { max($0, displayWidth($1[index])) }
        }
        let header = line(columns.map(\.title), widths)
        return ([style.bold(header)] + rows.map { line($0, widths) }).map { $0 + "\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = columns.indices.map { index in
            let gap = String(repeating: " ", count: widths[index] - displayWidth(cells[index]))
            switch columns[index].alignment {
            case .right: return gap + cells[index]
            case .left: return index == columns.count - 1 ? cells[index] : cells[index] + gap
            }
        }
        return padded.joined(separator: "  ")
    }
}
