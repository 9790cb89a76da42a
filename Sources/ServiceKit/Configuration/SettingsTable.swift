/// The one table of settings of a program.
public struct SettingsTable: Sendable {
    public let settings: [Setting]
    public let passThrough: [PassThrough]
    /// In capitals, without the underscore: `FRESHET`.
    public let environmentPrefix: String
    /// Sentences about whole sections, by dotted name, for the rendered file.
    public let sections: [String: String]
    /// Names in the environment that begin like a setting's and are for other programs.
    public let otherNames: Set<String>
    let indexByKey: [String: Int]
    let indexByEnvironmentName: [String: Int]

    /// Traps where two settings have one key, or one name in the environment, or a key lies below another one's.
    public init(
        environmentPrefix: String, sections: [String: String] = [:], settings: [Setting],
        passThrough: [PassThrough] = [], otherNames: Set<String> = []
    ) {
        self.settings = settings
        self.passThrough = passThrough
        self.environmentPrefix = environmentPrefix
        self.sections = sections
        self.otherNames = otherNames
        var byKey: [String: Int] = [:]
        var byName: [String: Int] = [:]
        for (index, setting) in settings.enumerated() {
            precondition(byKey.updateValue(index, forKey: setting.key) == nil, "\(setting.key) is declared twice")
            let name = Self.environmentName(of: setting.key, prefix: environmentPrefix)
            precondition(byName.updateValue(index, forKey: name) == nil, "\(name) would mean two settings")
        }
        for key in byKey.keys {
            precondition(Self.sections(of: key).allSatisfy { byKey[$0] == nil }, "\(key) lies below another setting")
        }
        indexByKey = byKey
        indexByEnvironmentName = byName
    }

    /// The name of a key in the environment: `FRESHET_PROCESSING_GUARANTEE`.
    public func environmentName(of key: String) -> String {
        Self.environmentName(of: key, prefix: environmentPrefix)
    }

    func setting(_ key: String) -> Setting? { indexByKey[key].map { settings[$0] } }

    func passThrough(for key: String) -> PassThrough? {
        passThrough.first { key.hasPrefix($0.prefix) && key.count > $0.prefix.count }
    }

    /// Whether keys lie below this one.
    func isSection(_ key: String) -> Bool {
        settings.contains { $0.key.hasPrefix(key + ".") } || passThrough.contains { $0.prefix.hasPrefix(key + ".") }
    }

    func unknownKey(_ key: String) -> String {
        let near = nearestWord(to: key, among: settings.map(\.key)) ?? nearestByLastPart(key)
        return "unknown key '\(key)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
    }

    /// `guarantee` or `procesing.guarantee` mean `processing.guarantee`, far as they are from it letter by letter.
    private func nearestByLastPart(_ key: String) -> String? {
        guard let last = key.split(separator: ".").last else { return nil }
        let same = settings.map(\.key).filter { $0.split(separator: ".").last == last }
        return same.count == 1 ? same[0] : nil
    }

    private static func environmentName(of key: String, prefix: String) -> String {
        prefix + "_" + key.uppercased().replacing(".", with: "_").replacing("-", with: "_")
    }

    /// The sections above a key, outermost first: `a.b.c` gives `a`, `a.b`.
    static func sections(of key: String) -> [String] {
        let parts = key.split(separator: ".")
        return (1..<max(1, parts.count)).map { parts[..<$0].joined(separator: ".") }
    }
}
