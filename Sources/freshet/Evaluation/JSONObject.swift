internal import Foundation
internal import ServiceKit

/// One JSON object written on one line, its members in the order in which they were added.
struct JSONObject {
    private var members: [String] = []

    mutating func add(_ name: String, _ value: Double?) {
        add(name, raw: value.map { $0.isFinite ? String(format: "%.6f", $0) : "null" } ?? "null")
    }

    mutating func add(_ name: String, _ value: Int) { add(name, raw: "\(value)") }

    mutating func add(_ name: String, _ value: String) { add(name, raw: jsonString(value)) }

    mutating func add(_ name: String, _ value: JSONObject) { add(name, raw: value.text) }

    mutating func add(_ name: String, _ values: [JSONObject]) {
        add(name, raw: "[" + values.map(\.text).joined(separator: ", ") + "]")
    }

    mutating func add(_ name: String, _ values: [Double]) {
        add(name, raw: "[" + values.map { String(format: "%.6f", $0) }.joined(separator: ", ") + "]")
    }

    private mutating func add(_ name: String, raw: String) { members.append(jsonString(name) + ": " + raw) }

    var text: String { "{" + members.joined(separator: ", ") + "}" }
}
