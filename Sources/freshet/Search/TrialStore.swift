internal import CSQLite
internal import Evaluation
internal import Foundation
internal import ServiceKit

/// The trials of one search in an SQLite file, written one by one, so that a search goes on where it was interrupted.
///
/// Table `search` (name, value) says which search it is; table `trials` has a row a trial, settings, objectives and what it
/// had after each fold as JSON.
final class TrialStore: @unchecked Sendable {
    // One statement at a time: the lock is what makes this class safe to share.
    private let lock = NSLock()
    private let database: OpaquePointer
    private let path: String

    /// - Parameters:
    ///   - path: made when it is not there; `:memory:` keeps nothing.
    ///   - description: what tells this search from others; a file of another one is refused.
    init(_ path: String, description: [String: String]) throws {
        self.path = path
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
        guard code == SQLITE_OK, let handle else {
            let text = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(handle)
            throw CommandFailure("cannot open '\(path)': \(text)", exitCode: 73)
        }
        database = handle
        sqlite3_busy_timeout(database, 5_000)
        try execute("CREATE TABLE IF NOT EXISTS search (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        try execute(
            "CREATE TABLE IF NOT EXISTS trials (number INTEGER PRIMARY KEY, settings TEXT NOT NULL, "
                + "budget REAL NOT NULL, objectives TEXT, seconds REAL NOT NULL, folds TEXT NOT NULL, "
                + "ending TEXT NOT NULL)")
        try check(description)
    }

    deinit { sqlite3_close(database) }

    private func check(_ description: [String: String]) throws {
        var known: [String: String] = [:]
        try rows("SELECT name, value FROM search", []) { known[Self.text($0, 0)] = Self.text($0, 1) }
        for (name, value) in description.sorted(by: { $0.key < $1.key }) {
            if known.isEmpty {
                try rows("INSERT INTO search VALUES (?, ?)", [.text(name), .text(value)]) { _ in }
            } else if known[name] ?? "" != value {
                throw CommandFailure(
                    "'\(path)' holds another search: its \(name) is '\(known[name] ?? "")', here it is '\(value)'",
                    remedy: "name another --store, or search for the same again", exitCode: 65)
            }
        }
    }

    /// What was tried so far, by number.
    func trials() throws -> [Trial] {
        var trials: [Trial] = []
        try rows("SELECT number, settings, budget, objectives, seconds, folds, ending FROM trials ORDER BY number", [])
        { row in
            let settings = try JSONDecoder().decode([String: String].self, from: Data(Self.text(row, 1).utf8))
            let values =
                sqlite3_column_type(row, 3) == SQLITE_NULL
                ? nil : try JSONDecoder().decode([Double].self, from: Data(Self.text(row, 3).utf8))
            trials.append(
                Trial(
                    plan: TrialPlan(
                        number: Int(sqlite3_column_int64(row, 0)), settings: settings,
                        budget: sqlite3_column_double(row, 2)), values: values,
                    seconds: sqlite3_column_double(row, 4),
                    folds: try JSONDecoder().decode([Double].self, from: Data(Self.text(row, 5).utf8)),
                    ending: TrialEnding(rawValue: Self.text(row, 6)) ?? .refused))
        }
        return trials
    }

    func add(_ trial: Trial) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let settings = String(decoding: try encoder.encode(trial.plan.settings), as: UTF8.self)
        let values = try trial.values.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        let folds = String(decoding: try encoder.encode(trial.folds), as: UTF8.self)
        try rows(
            "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                .number(Double(trial.plan.number)), .text(settings), .number(trial.plan.budget),
                values.map(Cell.text) ?? .null, .number(trial.seconds), .text(folds), .text(trial.ending.rawValue),
            ]
        ) { _ in }
    }

    // MARK: - SQLite

    private enum Cell {
        case text(String)
        case number(Double)
        case null
    }

    private func execute(_ sql: String) throws { try rows(sql, []) { _ in } }

    private func rows(_ sql: String, _ cells: [Cell], _ body: (OpaquePointer) throws -> Void) throws {
        lock.lock()
        defer { lock.unlock() }
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &prepared, nil) == SQLITE_OK, let statement = prepared else {
            throw failure()
        }
        defer { sqlite3_finalize(statement) }
        // SQLITE_TRANSIENT, a cast that Swift does not import: SQLite copies the text.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (index, cell) in cells.enumerated() {
            let place = Int32(index + 1)
            switch cell {
            case .text(let text): sqlite3_bind_text(statement, place, text, -1, transient)
            case .number(let number): sqlite3_bind_double(statement, place, number)
            case .null: sqlite3_bind_null(statement, place)
            }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try body(statement)
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    private func failure() -> CommandFailure {
        CommandFailure(
            "'\(path)' cannot be used: \(String(cString: sqlite3_errmsg(database)))",
            remedy: "name another --store if it is no SQLite file of a search", exitCode: 74)
    }

    private static func text(_ row: OpaquePointer, _ column: Int32) -> String {
        sqlite3_column_text(row, column).map { String(cString: $0) } ?? ""
    }
}
