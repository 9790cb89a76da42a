import Foundation

/// Validates values against a JSON Schema (draft 2020-12): the keywords that the project's schemas use. Another keyword is
/// a problem by itself, so that nothing in a schema goes unchecked.
struct Schema {
    let root: JSONValue
    private let patterns = Patterns()

    init(root: JSONValue) { self.root = root }

    /// Compiled once each.
    private final class Patterns {
        var compiled: [String: Regex<AnyRegexOutput>] = [:]
    }

    /// A schema of `Config/schemas`.
    init(named name: String) throws {
        let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            .standardizedFileURL
        let file = project.appending(path: "Config/schemas/\(name).schema.json")
        root = try JSONValue(try Data(contentsOf: file))
    }

    /// What is wrong with a value, with the path to it; empty when it is valid.
    func problems(_ value: JSONValue) -> [String] { check(value, root, at: "$") }

    func problems(_ bytes: some Sequence<UInt8>) throws -> [String] { problems(try JSONValue(bytes)) }

    private func check(_ value: JSONValue, _ schema: JSONValue, at path: String) -> [String] {
        if case .bool(let allows) = schema { return allows ? [] : ["\(path): not allowed"] }
        guard let keywords = schema.object else { return ["\(path): the schema is no schema"] }
        return keywords.keys.sorted().flatMap { keyword -> [String] in
            guard let rule = keywords[keyword] else { return [] }
            return check(value, keyword, rule, in: keywords, at: path)
        }
    }

    private func check(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, in schema: [String: JSONValue], at path: String
    ) -> [String] {
        func unless(_ isValid: Bool) -> [String] {
            isValid ? [] : ["\(path): \(keyword) \(rule) is not met by \(value)"]
        }
        switch keyword {
        case "$schema": return unless(rule == .string("https://json-schema.org/draft/2020-12/schema"))
        case "$id", "title", "description", "$defs": return []
        case "$ref": return reference(rule).map { check(value, $0, at: path) } ?? ["\(path): no \(rule)"]
        case "type":
            let allowed = rule.array?.compactMap(\.string) ?? [rule.string ?? ""]
            return unless(!value.types.isDisjoint(with: allowed))
        case "const": return unless(value == rule)
        case "enum": return unless(rule.array?.contains(value) == true)
        case "anyOf": return unless(rule.array?.contains { check(value, $0, at: path).isEmpty } == true)
        case "minimum": return unless(value.number.map { $0 >= rule.number ?? .nan } ?? true)
        case "maximum": return unless(value.number.map { $0 <= rule.number ?? .nan } ?? true)
        case "minLength":
            return unless(value.string.map { Double($0.unicodeScalars.count) >= rule.number ?? .nan } ?? true)
        case "maxLength":
            return unless(value.string.map { Double($0.unicodeScalars.count) <= rule.number ?? .nan } ?? true)
        case "minItems": return unless(value.array.map { Double($0.count) >= rule.number ?? .nan } ?? true)
        case "maxItems": return unless(value.array.map { Double($0.count) <= rule.number ?? .nan } ?? true)
        case "pattern": return unless(value.string.map { matches($0, rule) } ?? true)
        case "format": return unless(rule == .string("date-time") && (value.string.map(isTime) ?? true))
        case "required":
            guard let members = value.object else { return [] }
            return unless(rule.array?.allSatisfy { members[$0.string ?? ""] != nil } == true)
        case "properties": return checkProperties(value, rule, at: path)
        case "additionalProperties": return checkAdditional(value, rule, in: schema, at: path)
        case "items":
            return (value.array ?? []).enumerated().flatMap { check($0.element, rule, at: "\(path)[\($0.offset)]") }
        default: return ["\(path): this validator does not know \(keyword)"]
        }
    }

    private func checkProperties(_ value: JSONValue, _ rule: JSONValue, at path: String) -> [String] {
        (rule.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, schema in
            value[name].map { check($0, schema, at: "\(path).\(name)") } ?? []
        }
    }

    private func checkAdditional(
        _ value: JSONValue, _ rule: JSONValue, in schema: [String: JSONValue], at path: String
    ) -> [String] {
        (value.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, member in
            schema["properties"]?[name] == nil ? check(member, rule, at: "\(path).\(name)") : []
        }
    }

    private func reference(_ rule: JSONValue) -> JSONValue? {
        guard let text = rule.string, text.hasPrefix("#/$defs/") else { return nil }
        return root["$defs"]?[String(text.dropFirst("#/$defs/".count))]
    }

    private func matches(_ text: String, _ rule: JSONValue) -> Bool {
        guard let pattern = rule.string, let expression = patterns.compiled[pattern] ?? (try? Regex(pattern)) else {
            return false
        }
        patterns.compiled[pattern] = expression
        return text.firstMatch(of: expression) != nil
    }

    private func isTime(_ text: String) -> Bool {
        (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)) != nil
    }
}
