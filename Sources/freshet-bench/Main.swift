import Foundation
import ServiceKit

/// `freshet-bench [NAME…]`: a row of the table for each figure that this machine can measure, or for those named. Exit code
/// 1 when one of them failed; a figure that falls short is no failure.
@main
struct Main {
    static let rows: [any BenchmarkRow.Type] = [
        DecodeRow.self, FoldsRow.self, RankingRow.self, MemoryRow.self, ReplayRow.self, CatchUpRow.self,
        RestoreRow.self, StartRow.self, LatencyRow.self, RebalanceRow.self, ScaleRow.self, FuzzRow.self,
    ]

    static func main() {
        let names = Array(CommandLine.arguments.dropFirst())
        let known = rows.map { $0.name }.joined(separator: ", ")
        if names == ["--help"] {
            print("freshet-bench [NAME…]: all benchmarks, or those named of \(known)")
            exit(0)
        }
        if let unknown = names.first(where: { name in !rows.contains { $0.name == name } }) {
            print("no benchmark is called \(unknown); there are: \(known)")
            exit(64)
        }
        var table = TextTable([
            .init("benchmark"), .init("what", widthMax: 60), .init("measured", .right), .init("at least", .right),
            .init(""),
        ])
        BenchmarkProcess.endWithSignals()
        let run = BenchmarkRun()
        var notes: [String] = []
        var code: Int32 = 0
        for row in rows where names.isEmpty || names.contains(row.name) {
            guard !BenchmarkProcess.wasInterrupted else { break }
            FileHandle.standardError.write(Data("\(row.name) …\n".utf8))
            do {
                for figure in try row.measure(run) {
                    table.append([row.name, figure.what, figure.measured, figure.target, figure.verdict])
                    if !figure.note.isEmpty { notes.append("\(row.name): \(figure.note)") }
                }
            } catch {
                // A row that cannot be measured does not take the others with it.
                table.append([row.name, "not measured", "failed", "", ""])
                notes.append("\(row.name): \(error)")
                code = 1
            }
        }
        run.end()
        print(table.render())
        for note in notes { print(note) }
        exit(BenchmarkProcess.wasInterrupted ? 130 : code)
    }
}
