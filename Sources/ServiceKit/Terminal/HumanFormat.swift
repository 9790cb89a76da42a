/// Numbers as people read them; the same in every locale.
public enum HumanFormat {
    /// `1234567` as `1,234,567`.
    public static func grouped(_ count: Int) -> String {
        let digits = Array(String(count.magnitude))
        var text = count < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `1 event`, `1,234 events`.
    /// - Parameter plural: where it is not the noun with an `s`.
    public static func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
        "\(grouped(count)) " + (count == 1 ? noun : plural ?? noun + "s")
    }

    /// `1234567` as `1.23M`, below a thousand in full.
    public static func count(_ count: Double) -> String {
        let size = abs(count)
        for (unit, suffix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= unit * 0.9995 {
            return threeDigits(count / unit) + suffix
        }
        return threeDigits(count)
    }

    /// `1536` as `1.5 KB` (powers of 1,024, as settings are read).
    public static func bytes(_ count: Int) -> String {
        let size = Double(count)
        for (shift, suffix) in [(40, "TB"), (30, "GB"), (20, "MB"), (10, "KB")] where size >= Double(1 << shift) {
            return threeDigits(size / Double(1 << shift)) + " " + suffix
        }
        return "\(count) B"
    }

    /// `850 µs`, `12.3 ms`, `4.2 s`, `3m 20s`, `2h 05m`, `3d 4h`.
    public static func duration(_ duration: Duration) -> String {
        let seconds = duration.inSeconds
        if seconds < 0 { return "-" + Self.duration(.zero - duration) }
        if seconds == 0 { return "0 s" }
        if seconds < 0.999_5e-3 { return threeDigits(seconds * 1e6) + " µs" }
        if seconds < 0.999_5 { return threeDigits(seconds * 1e3) + " ms" }
        if seconds < 59.95 { return threeDigits(seconds) + " s" }
        let whole = Int(seconds.rounded())
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        if whole < 3_600 { return "\(whole / 60)m \(two(whole % 60))s" }
        if whole < 86_400 { return "\(whole / 3_600)h \(two(whole % 3_600 / 60))m" }
        return "\(whole / 86_400)d \(whole % 86_400 / 3_600)h"
    }

    /// With `digits` after the point, rounded.
    public static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        let whole = Int(scaled / scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(whole) }
        let fraction = String(Int(scaled - Double(whole) * scale))
        return "\(sign)\(whole)." + String(repeating: "0", count: max(0, digits - fraction.count)) + fraction
    }

    private static func threeDigits(_ value: Double) -> String {
        let size = abs(value)
        let text = fixed(value, digits: size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
        guard text.contains(".") else { return text }
        var short = Substring(text)
        while short.last == "0" { short.removeLast() }
        return String(short.last == "." ? short.dropLast() : short)
    }
}
