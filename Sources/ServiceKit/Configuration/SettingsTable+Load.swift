internal import Foundation

extension SettingsTable {
    /// Reads file, environment and flags, in rising order of precedence.
    /// - Parameters:
    ///   - file: path of a YAML file, or `nil` for none.
    ///   - environment: usually `ProcessInfo.processInfo.environment`.
    ///   - overrides: what the command line says; of two for one key the later counts.
    /// - Throws: ``ConfigurationError`` with every problem found.
    public func load(
        file: String? = nil, environment: [String: String] = [:], overrides: [Override] = []
    ) throws(ConfigurationError) -> Configuration {
        var text: String?
        if let file {
            guard let bytes = FileManager.default.contents(atPath: file) else {
                let message = "cannot read the file: \(whyUnreadable(file))"
                throw ConfigurationError(problems: [.init(origin: .flag(file), message: message)])
            }
            text = String(decoding: bytes, as: UTF8.self)
        }
        return try load(yaml: text, path: file ?? "", environment: environment, overrides: overrides)
    }

    /// The same with the file's text in hand.
    public func load(
        yaml: String?, path: String, environment: [String: String] = [:], overrides: [Override] = []
    ) throws(ConfigurationError) -> Configuration {
        var loader = SettingsLoader(table: self)
        if let yaml { loader.readFile(yaml, path: path) }
        loader.readEnvironment(environment)
        loader.readOverrides(overrides)
        loader.readSecretFiles()
        guard loader.problems.isEmpty else { throw ConfigurationError(problems: loader.problems) }
        return loader.configuration
    }
}

/// Why a file has no contents.
func whyUnreadable(_ path: String) -> String {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return isFolder.boolValue ? "it is a folder" : isThere ? "it may not be read" : "there is no such file"
}
