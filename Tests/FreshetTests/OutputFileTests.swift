import Foundation
import ServiceKit
import Testing

@testable import freshet

/// What commands write: whole or not at all, and over nothing that is there unless it is asked for.
@Suite struct OutputFileTests {
    @Test func whatIsThereIsNotWrittenOver() throws {
        let name = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        let (file, picture) = (name + ".yaml", name + ".svg")
        defer { for path in [file, picture] { try? FileManager.default.removeItem(atPath: path) } }
        for path in [file, "-", "/dev/null"] { try OutputFile.check(path, replaces: false) }
        for path in [file, picture] { try Data().write(to: URL(fileURLWithPath: path)) }
        let error = #expect(throws: CommandFailure.self) { try OutputFile.check(file, replaces: false) }
        #expect(error?.remedy?.contains("--force") == true)
        try OutputFile.check(file, replaces: true)
        try OutputFile.check(picture, replaces: false)
        #expect(throws: CommandFailure.self) { try OutputFile.check("/", replaces: true) }
        #expect(throws: CommandFailure.self) { try OutputFile.check(name + "/none.svg", replaces: true) }
    }

    /// What fails half-way leaves what was there, and nothing beside it.
    @Test func aFileIsWholeOrAsItWas() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "backup")
        try Data("old".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
        func write(fails: Bool) throws {
            let output = try OutputFile(file.path)
            try output.write { $0 += Array(repeating: 65, count: 1 << 20) }
            #expect(try Data(contentsOf: file) == Data("old".utf8))
            if fails { throw CommandFailure("no more") }
            try output.finish()
        }
        #expect(throws: CommandFailure.self) { try write(fails: true) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["backup"])
        try write(fails: false)
        #expect(try Data(contentsOf: file).count == 1 << 20)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["backup"])
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    /// Nothing that is written is packed, and its name says what it is.
    @Test func aFileIsWhatItsNameSays() {
        let error = #expect(throws: CommandFailure.self) { try OutputFile.check("events.jsonl.gz", replaces: true) }
        #expect(error?.message.contains("would not be packed") == true)
    }

    /// Nor is a link, and so a device such as /dev/null, taken away for a new file.
    @Test func whatALinkNamesIsWritten() throws {
        let names = (0..<2).map { _ in FileManager.default.temporaryDirectory.appending(path: UUID().uuidString) }
        defer { for name in names { try? FileManager.default.removeItem(at: name) } }
        try FileManager.default.createSymbolicLink(at: names[1], withDestinationURL: names[0])
        let file = try OutputFile(names[1].path)
        try file.write { $0 += [65] }
        try file.finish()
        #expect(try Data(contentsOf: names[0]) == Data([65]))
        #expect(throws: CommandFailure.self) { try OutputFile(names[0].path + "/none") }
    }
}
