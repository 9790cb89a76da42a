import Foundation
import ServiceKit

/// `freshet-bench [NAME…]`: a row of the table for each figure that this machine can measure, or for those named.
@main
struct Main {
    static let rows: [any BenchmarkRow.Type] = [
        DecodeRow.self, FoldsRow.self, RankingRow.self, MemoryRow.self, ReplayRow.self, CatchUpRow.self,
        RestoreRow.self, StartRow.self, LatencyRow.self, RebalanceRow.self, ScaleRow.self,
    ]

    static func main() {
        let names = Array(CommandLine.arguments.dropFirst())
        if let unknown = names.first(where: { name in !rows.contains { $0.name == name } }) {
            print("no benchmark is called \(unknown); there are: \(rows.map { $0.name }.joined(separator: ", "))")
            exit(64)
        }
        var table = TextTable([
            .init("benchmark"), .init("what", widthMax: 60), .init("measured", .right), .init("at least", .right),
            .init(""),
        ])
        BenchmarkProcess.endWithSignals()
        let run = BenchmarkRun()
        defer { run.end() }
        var notes: [String] = []
        for row in rows where names.isEmpty || names.contains(row.name) {
            FileHandle.standardError.write(Data("\(row.name) …\n".utf8))
            for figure in figures(of: row, run) {
                table.append([row.name, figure.what, figure.measured, figure.target, figure.verdict])
                if !figure.note.isEmpty { notes.append("\(row.name): \(figure.note)") }
            }
        }
        print(table.render())
        for note in notes { print(note) }
    }

    /// A row that cannot be measured does not take the others with it.
    private static func figures(of row: any BenchmarkRow.Type, _ run: BenchmarkRun) -> [Figure] {
        do {
            return try row.measure(run)
        } catch {
            return [Figure(what: "not measured", measured: "failed", isReached: false, note: "\(error)")]
        }
    }
}
