import Events
import Foundation
import Models
import Pipeline
import ServiceKit

/// A file that `freshet state export` wrote, perhaps packed by gzip.
final class StateFileReader {
    let head: StateFile.Head
    private let input: InputFile
    private let lines: LineReader
    private let decoder = JSONDecoder()

    init(_ path: String) throws {
        input = try InputFile(path)
        lines = LineReader(input)
        guard let line = try lines.next(),
            let head = try? decoder.decode(StateFile.Head.self, from: line), head.freshet == "state"
        else {
            throw CommandFailure(
                "\(input.name) is no state that `freshet state export` wrote", remedy: "name the file it wrote",
                exitCode: 65)
        }
        guard head.version == StateFile.version else {
            throw CommandFailure(
                "\(input.name) has version \(head.version) of the format, this program reads \(StateFile.version)",
                remedy: "export it again with this program", exitCode: 65)
        }
        self.head = head
    }

    /// The offsets by partition.
    var positions: [Int32: Int64] {
        head.offsets.reduce(into: [:]) { found, entry in
            if let partition = Int32(entry.key) { found[partition] = entry.value }
        }
    }

    /// Puts everything into a replay that is at its beginning, and checks that it is what was exported.
    func load(into replay: Replay, progress: (Int) -> Void) throws {
        var base = try ReplayBase(into: replay, manifest: Array(head.table))
        var users = 0
        var isWhole = false
        while !isWhole {
            guard let bytes = try lines.next() else {
                throw damaged("it ends before its last line; was the disk full, or the copy cut short?")
            }
            guard let line = try? decoder.decode(StateFile.Line.self, from: bytes) else {
                throw damaged("line \(lines.count) cannot be read")
            }
            if let chunk = line.chunk {
                try base.addItems(Array(chunk))
            } else if let state = line.state, let partition = line.partition, let user = line.features?.user {
                try base.addUser(Array(user.utf8), partition: partition, state: Array(state))
                users += 1
                progress(users)
            }
            isWhole = line.end == true
        }
        try base.finish()
        guard replay.usersHash().hex == head.usersHash, replay.items.table.hash().hex == head.itemsHash else {
            throw damaged("what it holds is not what its first line says")
        }
    }

    private func damaged(_ what: String) -> CommandFailure {
        CommandFailure("\(input.name) is damaged: \(what)", remedy: "export the state again", exitCode: 65)
    }
}
