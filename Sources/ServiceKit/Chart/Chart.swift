/// A plain chart of lines and points, written as one SVG: light, without scripts, in the reader's own fonts.
public struct Chart: Sendable {
    /// How a series looks.
    public enum Drawing: Sendable {
        case line, dashedLine
        /// A line that keeps its height up to the next point.
        case steps
        case points
    }

    /// Points that belong together, in the order in which a line joins them.
    public struct Series: Sendable {
        let title: String
        /// Place in the palette; series that belong together share one.
        let colour: Int
        let drawing: Drawing
        let points: [(x: Double, y: Double)]

        public init(_ title: String, colour: Int, drawing: Drawing, points: [(x: Double, y: Double)]) {
            self.title = title
            self.colour = colour
            self.drawing = drawing
            self.points = points
        }
    }

    public var title: String
    /// One line under the title.
    public var subtitle = ""
    public var xLabel: String
    public var yLabel: String
    /// Whether the axes begin at zero.
    public var xHasZero = true
    public var yHasZero = true
    public var series: [Series] = []
    /// Places on the x-axis that are marked by short strokes.
    public var marks: [Double] = []
    public var marksTitle = ""

    public init(title: String, xLabel: String, yLabel: String) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
    }

    private static let size = (width: 860.0, height: 460.0)
    private static let plot = (left: 92.0, right: 824.0, top: 104.0, bottom: 402.0)
    /// Okabe and Ito's, which also the colour-blind tell apart.
    private static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c8c8c"]

    // What certainly fits to the right of the plot's left edge, in letters of a usual width: SVG cuts nothing by itself.
    private static let titleColumns = 74
    private static let subtitleColumns = 102
    private static let legendColumns = 30

    /// The whole document. Points that are not finite are left out.
    public func svg() -> String {
        let points = series.flatMap(\.points)
        let x = ChartScale(points.map(\.x) + marks, hasZero: xHasZero, ticksMax: 9)
        let y = ChartScale(points.map(\.y), hasZero: yHasZero)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(short(Self.size.width)) "
                + "\(short(Self.size.height))\" width=\"\(short(Self.size.width))\" role=\"img\">",
            "<title>\(escaped(title))</title>",
            "<style>text{font:14px system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif;fill:#333}"
                + ".t{font-size:18px;font-weight:600;fill:#111}.s{fill:#666}.g{stroke:#e6e6e6}.m{stroke:#777;"
                + "stroke-width:1.4}.l{fill:none;stroke-width:2.2;stroke-linejoin:round}</style>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
            text(truncated(title, columns: Self.titleColumns), Self.plot.left, 32, "class=\"t\""),
            text(truncated(subtitle, columns: Self.subtitleColumns), Self.plot.left, 54, "class=\"s\""),
        ]
        lines += axes(x, y)
        for mark in marks {
            let place = short(Self.plot.left + x.share(mark) * (Self.plot.right - Self.plot.left))
            lines.append(
                "<line class=\"m\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(short(Self.plot.bottom - 12))\" "
                    + "y2=\"\(short(Self.plot.bottom))\"/>")
        }
        for series in series { lines.append(drawn(series, x, y)) }
        lines += legend()
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    // MARK: - Parts

    private func axes(_ x: ChartScale, _ y: ChartScale) -> [String] {
        let plot = Self.plot
        var lines: [String] = []
        for tick in y.ticks {
            let height = plot.bottom - y.share(tick) * (plot.bottom - plot.top)
            lines.append(
                "<line class=\"g\" x1=\"\(short(plot.left))\" x2=\"\(short(plot.right))\" y1=\"\(short(height))\" "
                    + "y2=\"\(short(height))\"/>")
            lines.append(text(y.label(tick), plot.left - 10, height + 5, "text-anchor=\"end\""))
        }
        for tick in x.ticks {
            let place = plot.left + x.share(tick) * (plot.right - plot.left)
            lines.append(text(x.label(tick), place, plot.bottom + 22, "text-anchor=\"middle\""))
        }
        lines.append(
            "<line stroke=\"#888\" x1=\"\(short(plot.left))\" x2=\"\(short(plot.right))\" y1=\"\(short(plot.bottom))\" "
                + "y2=\"\(short(plot.bottom))\"/>")
        lines.append(text(xLabel, (plot.left + plot.right) / 2, plot.bottom + 46, "text-anchor=\"middle\""))
        let middle = (plot.top + plot.bottom) / 2
        lines.append(
            text(yLabel, 20, middle, "text-anchor=\"middle\" transform=\"rotate(-90 20 \(short(middle)))\""))
        return lines
    }

    private func drawn(_ series: Series, _ x: ChartScale, _ y: ChartScale) -> String {
        let plot = Self.plot
        let places = series.points.filter { $0.x.isFinite && $0.y.isFinite }.map { point in
            (
                x: short(plot.left + x.share(point.x) * (plot.right - plot.left)),
                y: short(plot.bottom - y.share(point.y) * (plot.bottom - plot.top))
            )
        }
        let colour = Self.palette[series.colour % Self.palette.count]
        switch series.drawing {
        case .points:
            return places.map {
                "<circle cx=\"\($0.x)\" cy=\"\($0.y)\" r=\"3.6\" fill=\"\(colour)\" fill-opacity=\"0.75\"/>"
            }.joined(separator: "\n")
        case .line, .dashedLine, .steps:
            guard let first = places.first else { return "" }
            var path = "M\(first.x) \(first.y)"
            for place in places.dropFirst() {
                path += series.drawing == .steps ? "H\(place.x)V\(place.y)" : "L\(place.x) \(place.y)"
            }
            let dashes = series.drawing == .dashedLine ? " stroke-dasharray=\"6 4\"" : ""
            return "<path class=\"l\" stroke=\"\(colour)\"\(dashes) d=\"\(path)\"/>"
        }
    }

    private func legend() -> [String] {
        var lines: [String] = []
        var left = Self.plot.left
        let height = 80.0
        func entry(_ title: String, _ sign: String) {
            let title = truncated(title, columns: Self.legendColumns)
            lines.append(sign)
            lines.append(text(title, left + 32, height + 5, ""))
            left += 32 + Double(displayWidth(title)) * 8.6 + 26
        }
        for series in series where !series.title.isEmpty {
            let colour = Self.palette[series.colour % Self.palette.count]
            let from = short(left)
            switch series.drawing {
            case .points:
                entry(
                    series.title,
                    "<circle cx=\"\(short(left + 14))\" cy=\"\(short(height))\" r=\"4\" fill=\"\(colour)\"/>")
            case .line, .dashedLine, .steps:
                let dashes = series.drawing == .dashedLine ? " stroke-dasharray=\"6 4\"" : ""
                entry(
                    series.title,
                    "<path class=\"l\" stroke=\"\(colour)\"\(dashes) d=\"M\(from) \(short(height))h26\"/>")
            }
        }
        if !marks.isEmpty, !marksTitle.isEmpty {
            let place = short(left + 14)
            entry(
                marksTitle,
                "<line class=\"m\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(short(height - 7))\" y2=\"\(short(height + 7))\"/>"
            )
        }
        return lines
    }

    private func text(_ text: String, _ x: Double, _ y: Double, _ attributes: String) -> String {
        "<text x=\"\(short(x))\" y=\"\(short(y))\" \(attributes)>\(escaped(text))</text>"
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }

    /// One digit after the point at most.
    private func short(_ value: Double) -> String {
        let text = HumanFormat.fixed(value, digits: 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
