import Synchronization

/// Frames of a terminal, written as one SVG that plays them in turn: no browser, recorder or font needed.
final class TerminalRecording: Sendable {
    /// Seconds between two frames.
    let interval = 2.5
    /// The last frame stays for so many intervals.
    private static let lastFrameIntervals = 4
    private static let columns = 102
    private static let cell = (width: 7.8, height: 17.0)
    private static let colours = [31: "#f7768e", 32: "#9ece6a", 33: "#e0af68", 36: "#7dcfff"]

    private let frames = Mutex<[[String]]>([])

    func add(_ lines: [String]) { frames.withLock { $0.append(lines) } }

    func svg() -> String {
        let frames = frames.withLock { $0 }
        let rows = frames.map(\.count).max() ?? 1
        let width = Int(Double(Self.columns) * Self.cell.width) + 24
        let height = Int(Double(rows) * Self.cell.height) + 28
        let slots = frames.count - 1 + Self.lastFrameIntervals
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)">
            <style>
            text{font:13px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c0caf5;white-space:pre}
            .b{font-weight:bold}.d{fill:#737aa2}

            """
        for (code, colour) in Self.colours.sorted(by: { $0.key < $1.key }) { text += ".c\(code){fill:\(colour)}" }
        text += "\n"
        if frames.count > 1 {
            text += ".f{visibility:hidden;animation-duration:\(Double(slots) * interval)s;"
            text += "animation-iteration-count:infinite;animation-timing-function:step-end}\n"
        }
        for index in frames.indices where frames.count > 1 {
            let from = 100 * Double(index) / Double(slots)
            let isLast = index == frames.count - 1
            let to = isLast ? 100 : 100 * Double(index + 1) / Double(slots)
            text += "@keyframes k\(index){0%{visibility:\(index == 0 ? "visible" : "hidden")}"
            if index > 0 { text += "\(Self.short(from))%{visibility:visible}" }
            text +=
                isLast ? "100%{visibility:visible}}" : "\(Self.short(to))%{visibility:hidden}100%{visibility:hidden}}"
            // A viewer that does not animate shows the last frame.
            text += "#f\(index){animation-name:k\(index)\(isLast ? ";visibility:visible" : "")}\n"
        }
        text += "</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1a1b26\"/>\n"
        for (index, lines) in frames.enumerated() {
            text += "<g class=\"f\" id=\"f\(index)\">\n"
            for (row, line) in lines.enumerated() where !line.isEmpty {
                let y = 24 + Double(row) * Self.cell.height
                text += "<text x=\"12\" y=\"\(Self.short(y))\" xml:space=\"preserve\">\(Self.spans(line))</text>\n"
            }
            text += "</g>\n"
        }
        return text + "</svg>\n"
    }

    /// A line with ANSI styles as text with spans.
    static func spans(_ line: String) -> String {
        var result = ""
        var run = ""
        var codes: [Int] = []
        func flush() {
            guard !run.isEmpty else { return }
            let classes = codes.map { $0 == 1 ? "b" : $0 == 2 ? "d" : "c\($0)" }.joined(separator: " ")
            result += codes.isEmpty ? run : "<tspan class=\"\(classes)\">\(run)</tspan>"
            run = ""
        }
        var rest = line[...]
        while let character = rest.popFirst() {
            if character == "\u{1B}" {
                flush()
                rest = rest.dropFirst()
                let end = rest.firstIndex(of: "m") ?? rest.endIndex
                let code = Int(rest[..<end]) ?? 0
                if code == 0 { codes = [] } else { codes.append(code) }
                rest = end < rest.endIndex ? rest[rest.index(after: end)...] : ""
            } else {
                switch character {
                case "&": run += "&amp;"
                case "<": run += "&lt;"
                case ">": run += "&gt;"
                default: run.append(character)
                }
            }
        }
        flush()
        return result
    }

    private static func short(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return hundredths % 100 == 0 ? "\(hundredths / 100)" : "\(Double(hundredths) / 100)"
    }
}
