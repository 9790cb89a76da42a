import Pipeline
import Foundation
import ServiceKit
import Testing

@testable import freshet

@Suite struct SettingsFileTests {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Config/freshet.yaml").path

    @Test func theFileIsWhatTheProgramPrints() throws {
        let file = try String(contentsOfFile: Self.path, encoding: .utf8)
        #expect(file == ConfigCommand.text, "`freshet config > Config/freshet.yaml` brings it up to date")
    }

    @Test func theFileGivesTheDefaults() throws {
        let fromFile = try Settings.table.load(file: Self.path, environment: [:], overrides: [])
        let defaults = try Settings.table.load(file: nil, environment: [:], overrides: [])
        let one = Deployment(configuration: fromFile, bootstrap: "localhost:1")
        let two = Deployment(configuration: defaults, bootstrap: "localhost:1")
        #expect(one.topics == two.topics)
        #expect(try one.workerSettings().fingerprint == two.workerSettings().fingerprint)
        #expect(try one.workerSettings().configurationHash == two.workerSettings().configurationHash)
        #expect(fromFile.warnings.isEmpty)
    }

    /// Two uses of one topic would read each other's records.
    @Test(arguments: [
        (["topics.events": "recommendations"], "topics.recommendations is 'recommendations', and so is topics.events"),
        (["topics.items": "freshet.users"], "topics.items is 'freshet.users', and so is an internal topic"),
    ])
    func noTopicIsForTwoThings(_ settings: [String: String], _ message: String) throws {
        let overrides = settings.map { Override(key: $0.key, text: $0.value) }
        let configuration = try Settings.table.load(file: nil, environment: [:], overrides: overrides)
        let failure = try #require(throws: CommandFailure.self) { try Deployment.checkTopics(configuration) }
        #expect("\(failure)".contains(message), "\(failure)")
    }

    @Test func everyKeyIsExplained() {
        for setting in Settings.table.settings {
            #expect(setting.documentation.hasSuffix("."), "\(setting.key)")
        }
    }
}
