internal import Foundation

/// Lays the sources over each other, and collects what is wrong.
struct SettingsLoader {
    let table: SettingsTable
    var configuration: Configuration
    var problems: [ConfigurationError.Problem] = []

    init(table: SettingsTable) {
        self.table = table
        configuration = Configuration(table: table, entries: [:])
        for setting in table.settings {
            guard let text = setting.defaultText, let value = setting.type.parse(text) else { continue }
            configuration.entries[setting.key] = .init(text: text, value: value, origin: .default)
        }
    }

    mutating func readFile(_ yaml: String, path: String) {
        switch parseYAML(yaml) {
        case .failure(let error):
            report(.file(path: path, line: error.line, column: error.column), error.message)
        case .success(let nodes):
            for node in nodes {
                let origin = Origin.file(path: path, line: node.line, column: node.column)
                switch node.content {
                case .scalar(let text): set(node.key, text, origin)
                case .sequence(let words): setSequence(node.key, words, origin)
                case .null: checkKnown(node.key, origin)
                case .emptyMap: checkSection(node.key, origin)
                }
            }
        }
    }

    mutating func readEnvironment(_ environment: [String: String]) {
        let prefix = table.environmentPrefix + "_"
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            let text = environment[name]!
            let origin = Origin.environment(name: name)
            let asKey = name.dropFirst(prefix.count).lowercased().replacing("_", with: ".")
            if let index = table.indexByEnvironmentName[name] {
                set(table.settings[index].key, text, origin)
            } else if table.otherNames.contains(name) || Self.isOfKubernetes(name.dropFirst(prefix.count)) {
                continue
            } else if table.passThrough(for: asKey) != nil {
                set(asKey, text, origin)
            } else {
                let near = nearestWord(to: name, among: table.indexByEnvironmentName.keys.sorted())
                configuration.warnings.append(
                    "\(name) is no setting" + (near.map { "; did you mean \($0)?" } ?? ", and changes nothing"))
            }
        }
    }

    /// Kubernetes puts the addresses of services whose names begin like ours into the environment: `FRESHET_SERVICE_HOST`,
    /// `FRESHET_HTTP_PORT_8080_TCP_ADDR`, and for one that is called freshet-kafka `FRESHET_KAFKA_PORT`, which is no property
    /// to hand on either. So an unknown name is no error.
    private static func isOfKubernetes(_ name: Substring) -> Bool {
        let words = name.split(separator: "_")
        return zip(words, words.dropFirst()).contains { word, next in
            (word == "SERVICE" && (next == "HOST" || next == "PORT")) || (word == "PORT" && next.allSatisfy(\.isNumber))
        } || words.last == "PORT"
    }

    mutating func readOverrides(_ overrides: [Override]) {
        for override in overrides { set(override.key, override.text, .flag(override.flag)) }
    }

    /// `kafka.sasl.password.file: /run/secrets/x` gives `kafka.sasl.password` the file's content.
    mutating func readSecretFiles() {
        for key in configuration.entries.keys.sorted() where key.hasSuffix(".file") {
            let secret = String(key.dropLast(".file".count))
            // librdkafka has one of its own that ends so.
            guard let pass = table.passThrough(for: key), table.setting(key) == nil, isSecret(key: secret),
                secret != pass.prefix + "sasl.oauthbearer.assertion.private.key",
                let entry = configuration.entries.removeValue(forKey: key)
            else { continue }
            guard let bytes = FileManager.default.contents(atPath: entry.text) else {
                report(entry.origin, "\(key): cannot read '\(entry.text)': \(whyUnreadable(entry.text))")
                continue
            }
            if let given = configuration.entries[secret]?.origin {
                report(entry.origin, "\(key) is given, and \(secret) too (\(given)): keep one of them")
                continue
            }
            var text = String(decoding: bytes, as: UTF8.self)
            while text.last?.isNewline == true { text.removeLast() }
            configuration.entries[secret] = .init(text: text, value: .string(text), origin: entry.origin)
        }
    }

    private mutating func set(_ key: String, _ text: String, _ origin: Origin) {
        guard let setting = table.setting(key) else {
            guard table.passThrough(for: key) != nil else { return report(origin, describeUnknown(key)) }
            configuration.entries[key] = .init(text: text, value: .string(text), origin: origin)
            return
        }
        guard let value = setting.type.parse(text) else {
            let shown = isSecret(key: key) ? "this" : "'\(text)'"
            var message = "\(key) must be \(setting.type.expectation), not \(shown)"
            if case .oneOf(let words) = setting.type, let near = nearestWord(to: text, among: words) {
                message += "; did you mean '\(near)'?"
            }
            return report(origin, message)
        }
        configuration.entries[key] = .init(text: text, value: value, origin: origin)
    }

    private mutating func setSequence(_ key: String, _ words: [String], _ origin: Origin) {
        guard let setting = table.setting(key) else {
            guard table.passThrough(for: key) != nil else { return report(origin, describeUnknown(key)) }
            return set(key, words.joined(separator: ","), origin)
        }
        guard setting.type == .list else {
            return report(origin, "\(key) must be \(setting.type.expectation), not a list")
        }
        // The text has to say the same: it is what another process of the program is given.
        if let word = words.first(where: { $0.contains(",") }) {
            return report(
                origin, "\(key): '\(word)' has a comma, which separates words in the environment and in --set")
        }
        set(key, words.joined(separator: ","), origin)
    }

    /// A key without a value, or a section of which everything is commented out: it changes nothing, if it is known.
    private mutating func checkKnown(_ key: String, _ origin: Origin) {
        guard table.setting(key) == nil, table.passThrough(for: key) == nil, !table.isSection(key),
            !table.passThrough.contains(where: { $0.prefix == key + "." })
        else { return }
        report(origin, table.unknownKey(key))
    }

    private mutating func checkSection(_ key: String, _ origin: Origin) {
        guard let setting = table.setting(key) else { return checkKnown(key, origin) }
        report(origin, "\(key) must be \(setting.type.expectation), not a section")
    }

    private func describeUnknown(_ key: String) -> String {
        if table.isSection(key) { return "\(key) is a section, not a setting" }
        for above in SettingsTable.sections(of: key) {
            guard let setting = table.setting(above) else { continue }
            return "\(above) must be \(setting.type.expectation), not a section"
        }
        return table.unknownKey(key)
    }

    private mutating func report(_ origin: Origin, _ message: String) {
        problems.append(.init(origin: origin, message: message))
    }
}
