import Evaluation
import Foundation
import ServiceKit
import Testing

@testable import freshet

/// `data convert` there and back.
@Suite struct ConversionTests {
    /// A folder for the closure alone.
    private static func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try body(folder)
    }

    private static func convert(_ folder: URL, _ from: String, _ to: String, _ layout: String) -> Int32 {
        DataConversion.command.main(
            ["convert", folder.appending(path: from).path, "--to", layout, "--output", folder.appending(path: to).path])
    }

    private static func lines(_ folder: URL, _ name: String) throws -> [String] {
        String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// What was written is read again, and each number has its identifier.
    @Test func linesOfItemsAreReadAgain() throws {
        try Self.inFolder { folder in
            let table = "user_id,item_id,timestamp\nu,x,1\nv,x,2\nu,y,3\n"
            try Data(table.utf8).write(to: folder.appending(path: "c.csv"))
            #expect(Self.convert(folder, "c.csv", "c.txt", "lines") == 0)
            #expect(try Self.lines(folder, "c.txt") == ["0 0 1", "1 0"])
            #expect(try Self.lines(folder, "c.users.txt") == ["u", "v"])
            #expect(try Self.lines(folder, "c.items.txt") == ["x", "y"])
            #expect(Self.convert(folder, "c.csv", "c.txt", "lines") == 73)
            for layout in ["jsonl", "rees46"] {
                #expect(Self.convert(folder, "c.txt", "again.\(layout)", layout) == 0)
                let stream = try EvaluateCommand.readStream(folder.appending(path: "again.\(layout)").path)
                #expect(stream.count == 3 && stream.userCount == 2 && stream.itemCount == 2)
            }
        }
    }

    /// Tabs and commas part a user and its items as spaces do; a row with a time is none of them.
    @Test(arguments: [" ", "\t", ","]) func separatorsOfLines(_ separator: String) throws {
        let lines = "0 1 2 3\n1 4\n2 5 6 7 8 9\n".replacing(" ", with: separator)
        let stream = try Array(lines.utf8).withUnsafeBytes { try EventStreamReader().read($0) }
        #expect(stream.count == 9 && stream.userCount == 3)
        guard separator != " " else { return }
        let rows = "1 2 1569888000\n1 3 1569888001\n".replacing(" ", with: separator)
        let error = #expect(throws: EventStreamReader.Failure.self) {
            try Array(rows.utf8).withUnsafeBytes { _ = try EventStreamReader().read($0) }
        }
        #expect(error?.message.contains("without a header") == true)
    }
}
