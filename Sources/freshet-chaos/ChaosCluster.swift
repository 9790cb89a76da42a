import Foundation

/// A Kafka cluster of three brokers, by way of a launcher.
final class ChaosCluster: Sendable {
    static let brokers = 3
    let folder: String
    let bootstrap: String
    private let launcher: String

    init(folder: String) throws {
        let environment = ProcessInfo.processInfo.environment
        launcher = environment["FRESHET_KAFKA_TOOL"] ?? "../shared/kafka/kafka"
        guard FileManager.default.isExecutableFile(atPath: launcher) else {
            throw ChaosFailure(
                "there is no Kafka to start: \(launcher) is missing. Set FRESHET_KAFKA_TOOL to a program that starts a "
                    + "cluster; `freshet-chaos --help` says what it has to understand")
        }
        self.folder = folder
        let text = try Self.run(
            launcher,
            [
                "start", "--dir", folder, "--brokers", "\(Self.brokers)", "--heap", "384m",
                "-o", "min.insync.replicas=2", "-o", "num.partitions=8",
            ])
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("KAFKA_BOOTSTRAP=") }) else {
            throw ChaosFailure("\(launcher) start names no brokers:\n\(text)")
        }
        bootstrap = String(line.dropFirst("KAFKA_BOOTSTRAP=".count))
    }

    /// `kill`, `resume`, `pause` or `unpause` one broker, numbered from 1.
    func act(_ verb: String, node: Int) throws {
        _ = try Self.run(launcher, [verb, "--dir", folder, "--node", "\(node)"])
    }

    /// The folder stays: it holds the brokers' logs.
    func stop() { _ = try? Self.run(launcher, ["stop", "--dir", folder, "--keep"]) }

    private static func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let end = Data("\n".utf8)
        var text = Data()
        // Brokers may hold the pipe open for as long as they live: what is printed is short and ends with a line.
        if arguments.first == "start" {
            while text.suffix(1) != end {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text.append(data)
            }
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ChaosFailure("\(path) \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
