import Events
import Foundation
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct EventFileTests {
    private func read(_ bytes: Data, _ name: String) throws -> (file: EventFile, users: [String]) {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + name)
        try bytes.write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let file = try EventFile(path.path, format: nil)
        var users: [String] = []
        try file.forEach { event, _ in
            users.append(String(decoding: event.user, as: UTF8.self))
            return true
        }
        return (file, users)
    }

    @Test func countsWhatMakesNoEvent() throws {
        let text = """
            {"user_id":"a","product_id":"1","event_type":"view","event_time":1569888262}
            {"user_id":"b","event_type":"view","event_time":1569888262}
            {"user_id":"c","product_id":"1","event_type":"view","event_time":1569888262}
            """
        let (file, users) = try read(Data(text.utf8), ".jsonl")
        #expect(file.format == .jsonLines)
        #expect(users == ["a", "c"])
        #expect(
            file.rejected.counts == [.missingItem: 1]
                && file.rejected.examples.first?.hasPrefix("line 2: missing-item") == true)
    }

    @Test func readsSeveralGzipMembers() throws {
        // Made by gzip(1) of "1,2,3,pv,1511544070\n".
        let first = "H4sIAAAAAAAAAzPUMdIx1iko0zE0NTQ0NTExMDfgAgAbV3SrFAAAAA=="
        let member = try #require(Data(base64Encoded: first))
        let (file, users) = try read(member + member, ".csv.gz")
        #expect(file.format == .taobao)
        #expect(users == ["1", "1"])
    }

    @Test func refusesGzipThatEndsInTheMiddle() throws {
        let first = "H4sIAAAAAAAAAzPUMdIx1iko0zE0NTQ0NTExMDfgAgAbV3SrFAAAAA=="
        let member = try #require(Data(base64Encoded: first))
        for cut in [1, 8, 12] {
            let error = #expect(throws: CommandFailure.self) { try read(member + member.dropLast(cut), ".csv.gz") }
            #expect(error.map { "\($0)" }?.contains("in the middle") == true, "\(cut): \(String(describing: error))")
        }
    }

    /// A pipe may part the zeros behind a member anywhere.
    @Test func paddingMayComeInPieces() throws {
        let first = "H4sIAAAAAAAAAzPUMdIx1iko0zE0NTQ0NTExMDfgAgAbV3SrFAAAAA=="
        let member = try #require(Data(base64Encoded: first))
        let decoder = GzipDecoder()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 10, alignment: 16)
        defer { room.deallocate() }
        var made = 0
        for piece in [member + Data(count: 5), Data(count: 5), Data(count: 1) + member.prefix(3), member.dropFirst(3)] {
            let taken = try Array(piece).withUnsafeBytes { bytes in
                let (taken, more) = try decoder.decode(bytes, into: room)
                made += more
                return taken
            }
            #expect(taken == piece.count)
        }
        #expect(made == 40 && !decoder.isInMember)
    }

    /// Who wants so many of a pipe need not wait for one more.
    @Test func nothingIsReadBehindTheLastEventThatIsWanted() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let isOver = DispatchSemaphore(value: 0)
        let wasInTime = Mutex(false)
        let hasWritten = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if let pipe = FileHandle(forWritingAtPath: path) {
                try? pipe.write(contentsOf: Data("1,2,3,pv,1511544070\n".utf8))
                wasInTime.withLock { $0 = isOver.wait(timeout: .now() + 10) == .success }
                try? pipe.close()
            }
            hasWritten.signal()
        }
        let file = try EventFile(path, format: nil)
        try file.forEach { _, _ in false }
        isOver.signal()
        hasWritten.wait()
        #expect(wasInTime.withLock { $0 } && file.events == 1)
    }

    @Test func refusesWhatFollowsGzipAndIsNone() throws {
        let first = "H4sIAAAAAAAAAzPUMdIx1iko0zE0NTQ0NTExMDfgAgAbV3SrFAAAAA=="
        let member = try #require(Data(base64Encoded: first))
        #expect(try read(member + Data(count: 700) + member + Data(count: 3), ".csv.gz").users == ["1", "1"])
        let error = #expect(throws: CommandFailure.self) { try read(member + Data("1,2,3,pv,1\n".utf8), ".csv.gz") }
        #expect(error.map { "\($0)" }?.contains("damaged gzip") == true)
    }

    /// Of a pipe, an event is handed on when its line has come: the next one may take hours.
    @Test(arguments: [false, true]) func waitsForNoMoreThanALine(isPacked: Bool) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let first = "H4sIAAAAAAAAAzPUMdIx1iko0zE0NTQ0NTExMDfgAgAbV3SrFAAAAA=="
        let line = isPacked ? try #require(Data(base64Encoded: first)) : Data("1,2,3,pv,1511544070\n".utf8)
        let (hasCome, hasWritten) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let wasInTime = Mutex(false)
        Thread.detachNewThread {
            if let pipe = FileHandle(forWritingAtPath: path) {
                try? pipe.write(contentsOf: line)
                wasInTime.withLock { $0 = hasCome.wait(timeout: .now() + 10) == .success }
                try? pipe.write(contentsOf: line)
                try? pipe.close()
            }
            hasWritten.signal()
        }
        let file = try EventFile(path, format: nil)
        try file.forEach { _, _ in
            hasCome.signal()
            return true
        }
        hasWritten.wait()
        #expect(wasInTime.withLock { $0 } && file.events == 2)
    }

    @Test func refusesWhatItDoesNotKnow() {
        #expect(throws: (any Error).self) { try read(Data("hello world\n".utf8), ".txt") }
        #expect(throws: (any Error).self) { try read(Data(), ".txt") }
    }
}
