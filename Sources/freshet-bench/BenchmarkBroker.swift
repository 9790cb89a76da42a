import Foundation
import Kafka

/// A real Kafka: the one at `KAFKA_BOOTSTRAP`, or one that the tool of `FRESHET_KAFKA_TOOL` starts in a temporary folder
/// (`start --dir D`, which prints `KAFKA_BOOTSTRAP=…`, and `stop --dir D`).
final class BenchmarkBroker {
    let settings: KafkaSettings
    private var tool: (path: String, folder: String)?

    /// Nil where there is none.
    init?() throws {
        let environment = ProcessInfo.processInfo.environment
        if let bootstrap = environment["KAFKA_BOOTSTRAP"] {
            settings = KafkaSettings(bootstrapServers: bootstrap)
            return
        }
        guard let path = environment["FRESHET_KAFKA_TOOL"] else { return nil }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("freshet-bench-\(ProcessInfo.processInfo.processIdentifier)").path
        let text = try Self.run(path, ["start", "--dir", folder])
        guard let start = text.range(of: "KAFKA_BOOTSTRAP=") else { return nil }
        let address = text[start.upperBound...].prefix { !$0.isWhitespace && $0 != ";" }
        settings = KafkaSettings(bootstrapServers: String(address))
        tool = (path, folder)
    }

    func stop() {
        if let tool { _ = try? Self.run(tool.path, ["stop", "--dir", tool.folder]) }
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        process.waitUntilExit()
        return text
    }
}
