import ServiceKit

/// One thing that was looked at, and how to mend it where it is wrong.
struct Finding: Equatable {
    enum Verdict: Int, Comparable {
        case fine, note, wrong

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    var verdict: Verdict
    var subject: String
    var text: String
    var remedy: String?

    static func fine(_ subject: String, _ text: String) -> Finding {
        .init(verdict: .fine, subject: subject, text: text)
    }

    static func note(_ subject: String, _ text: String, _ remedy: String? = nil) -> Finding {
        .init(verdict: .note, subject: subject, text: text, remedy: remedy)
    }

    static func wrong(_ subject: String, _ text: String, _ remedy: String) -> Finding {
        .init(verdict: .wrong, subject: subject, text: text, remedy: remedy)
    }

    func lines(style: Style) -> [String] {
        let mark =
            switch verdict {
            case .fine: style.green("ok   ")
            case .note: style.yellow("note ")
            case .wrong: style.red("WRONG")
            }
        let padded = subject + String(repeating: " ", count: max(0, 22 - displayWidth(subject)))
        var lines = ["\(mark)  \(style.bold(padded))  \(printable(text))"]
        if let remedy { lines += remedy.split(separator: "\n").map { "         → \(printable(String($0)))" } }
        return lines
    }

    /// Prints them; the exit code is 1 when something is wrong.
    static func report(_ findings: [Finding]) -> Int32 {
        let style = Style(for: .standardOutput)
        for finding in findings { finding.lines(style: style).forEach { print($0) } }
        let wrong = findings.count { $0.verdict == .wrong }
        let notes = findings.count { $0.verdict == .note }
        print(
            wrong > 0
                ? "\(wrong) wrong, \(notes) to note" : notes > 0 ? "nothing wrong, \(notes) to note" : "all is well")
        return wrong > 0 ? 1 : 0
    }
}
