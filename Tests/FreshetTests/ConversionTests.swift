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

    /// What a split leaves out is said, and with what is learnt and asked it makes all of the events.
    @Test func aSplitCountsWhatItLeavesOut() throws {
        guard Program.isBuilt else { return print("left out: the program is not built") }
        try Self.inFolder { folder in
            // Item z has one user, user w one item; v's second x comes behind the border, and so does all of n.
            let pairs = ["ux", "vx", "uy", "vy", "uz", "wx", "nx", "ny", "vx", "ux"]
            let rows = pairs.enumerated().map { "\($1.first ?? "?"),\($1.last ?? "?"),\($0 + 1)\n" }
            try Data(("user_id,item_id,timestamp\n" + rows.joined()).utf8).write(to: folder.appending(path: "c.csv"))
            let log = try Program(environment: [:]).run([
                "data", "split", folder.appending(path: "c.csv").path, "--split", "time=0.5", "--min-user", "2",
                "--min-item", "2", "--to", folder.path,
            ]).log
            #expect(
                log.contains("2 of 10 events left out by --min-user 2 --min-item 2, with 1 user and 1 item"), "\(log)")
            #expect(log.contains("of 8 events 4 to learn, 0 to ask of 0 users"), "\(log)")
            #expect(log.contains("2 events of 1 user whom the training does not know are left out"), "\(log)")
            #expect(log.contains("2 events of items that their users have in the training"), "\(log)")
        }
    }

    @Test(arguments: ["k-fold=100000", "k-fold=1", "time=1.5"]) func aSplitOutOfItsRangeNamesIt(_ rule: String) throws {
        guard Program.isBuilt else { return print("left out: the program is not built") }
        let run = try Program(environment: [:]).run(["data", "split", "none.csv", "--split", rule])
        #expect(run.status == 64 && run.log.contains("above 0 and below 1") && run.log.contains("from 2 to 1000"))
    }
}
