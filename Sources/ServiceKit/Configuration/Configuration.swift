/// The settings' values after file, environment and flags have been read. Asking for an undeclared key, or with another
/// type than the declared one, is a programmer's error.
public struct Configuration: Sendable, CustomStringConvertible {
    struct Entry: Sendable {
        var text: String
        var value: Value
        var origin: Origin
    }

    let table: SettingsTable
    var entries: [String: Entry]
    /// What looks like a mistake but need not be one (an environment name close to a setting's).
    public internal(set) var warnings: [String] = []

    /// The value of a `.string` or `.oneOf` setting that has one, given or by default; the others likewise.
    public func string(_ key: String) -> String { required(key, optionalString(key)) }

    public func int(_ key: String) -> Int {
        guard case .int(let number) = required(key, value(key)) else { wrongType(key) }
        return number
    }

    public func double(_ key: String) -> Double {
        guard case .double(let number) = required(key, value(key)) else { wrongType(key) }
        return number
    }

    /// In bytes, of a `.byteSize` setting.
    public func bytes(_ key: String) -> Int {
        guard case .bytes(let number) = required(key, value(key)) else { wrongType(key) }
        return number
    }

    public func duration(_ key: String) -> Duration { required(key, optionalDuration(key)) }

    /// A `.duration` setting without default, when nobody gave one.
    public func optionalDuration(_ key: String) -> Duration? {
        guard let value = value(key) else { return nil }
        guard case .duration(let duration) = value else { wrongType(key) }
        return duration
    }

    public func bool(_ key: String) -> Bool {
        guard case .bool(let flag) = required(key, value(key)) else { wrongType(key) }
        return flag
    }

    public func list(_ key: String) -> [String] {
        guard case .list(let words) = required(key, value(key)) else { wrongType(key) }
        return words
    }

    /// A `.string` or `.oneOf` setting without default, when nobody gave one.
    public func optionalString(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { wrongType(key) }
        return text
    }

    /// Whether somebody gave the key, rather than the default.
    public func isGiven(_ key: String) -> Bool { origin(key) != .default }

    /// Who gave the value that counts; `.default` where nobody did.
    public func origin(_ key: String) -> Origin {
        precondition(table.setting(key) != nil || table.passThrough(for: key) != nil, "\(key) is not declared")
        return entries[key]?.origin ?? .default
    }

    /// The keys under a pass-through prefix, without it, in the order of the alphabet, secrets in clear.
    public func passThrough(_ prefix: String) -> [(key: String, value: String)] {
        precondition(table.passThrough.contains { $0.prefix == prefix }, "\(prefix) is not declared")
        return entries.keys.sorted().filter { $0.hasPrefix(prefix) && table.setting($0) == nil }
            .map { (String($0.dropFirst(prefix.count)), entries[$0]!.text) }
    }

    /// This configuration without the keys that are handed on: for what does not talk to whom they were meant for.
    public var withoutPassThrough: Configuration {
        var kept = self
        kept.entries = entries.filter { table.setting($0.key) != nil }
        return kept
    }

    /// Everything that somebody gave, secrets in clear: what another process of the same program has to be given to have
    /// the same configuration.
    public var overrides: [Override] {
        entries.keys.sorted().compactMap { key in
            entries[key].flatMap { $0.origin == .default ? nil : Override(key: key, text: $0.text) }
        }
    }

    /// All settings as `key = value  # origin` lines, secrets redacted: fit for logs and `doctor`.
    public var description: String {
        let others = entries.keys.filter { table.setting($0) == nil }.sorted()
        return (table.settings.map(\.key) + others).map { key in
            let entry = entries[key]
            return "\(key) = \(redacted(entry?.text, key: key))  # \(entry?.origin ?? .default)"
        }.joined(separator: "\n")
    }

    private func value(_ key: String) -> Value? {
        precondition(table.setting(key) != nil, "\(key) is not declared")
        return entries[key]?.value
    }

    private func required<T>(_ key: String, _ value: T?) -> T {
        guard let value else { preconditionFailure("\(key) has neither default nor value: ask for the optional") }
        return value
    }

    private func wrongType(_ key: String) -> Never {
        preconditionFailure("\(key) is declared as \(table.setting(key)!.type.expectation)")
    }
}

private func redacted(_ text: String?, key: String) -> String {
    guard let text else { return "(none)" }
    return isSecret(key: key) ? "(secret)" : text
}

/// Whether the value of a key, or of a property of librdkafka, must never be shown.
public func isSecret(key: String) -> Bool {
    let key = key.lowercased()
    return ["password", "passphrase", "secret", "token", "credential", "oauthbearer.config", "jaas.config"].contains {
        key.contains($0) && !key.contains(".token.endpoint")
    } || [".key", "_key", ".key.pem"].contains { key.hasSuffix($0) }
}
