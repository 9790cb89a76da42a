internal import Foundation

/// One JSON object written on one line, its members in the order in which they were added.
struct JSONObject {
    private var members: [String] = []

    mutating func add(_ name: String, _ value: Double?) {
        add(name, raw: value.map { $0.isFinite ? String(format: "%.6f", $0) : "null" } ?? "null")
    }

    mutating func add(_ name: String, _ value: Int) { add(name, raw: "\(value)") }

    mutating func add(_ name: String, _ value: String) { add(name, raw: Self.quoted(value)) }

    mutating func add(_ name: String, _ value: JSONObject) { add(name, raw: value.text) }

    mutating func add(_ name: String, _ values: [JSONObject]) {
        add(name, raw: "[" + values.map(\.text).joined(separator: ", ") + "]")
    }

    mutating func add(_ name: String, _ values: [Double]) {
        add(name, raw: "[" + values.map { String(format: "%.6f", $0) }.joined(separator: ", ") + "]")
    }

    private mutating func add(_ name: String, raw: String) { members.append(Self.quoted(name) + ": " + raw) }

    var text: String { "{" + members.joined(separator: ", ") + "}" }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
