/// The times that events may carry, as milliseconds since 1970-01-01 UTC.
///
/// Text: RFC 3339 (`2019-10-01T00:00:00.5+02:00`, fractions of any length, cut to milliseconds), and
/// `2019-10-01 00:00:00 UTC`. Without a zone the time is UTC. Second 60 is allowed where UTC puts a leap second, and
/// counts as the first moment of the next day.
///
/// Numbers, also as text: the unit follows from the magnitude. Below 10^11 seconds (until the year 5138), below 10^14
/// milliseconds (from March 1973), below 10^17 microseconds, below 10^19 nanoseconds. Fractions are allowed.
///
/// Everything before 1970 or after 9999 is no time.
public enum EventTime {
    /// The first millisecond of the year 10000.
    public static let end: Int64 = 253_402_300_800_000

    /// Nil when the text is in none of these forms.
    public static func milliseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard let base = text.baseAddress else { return nil }
        return milliseconds(base.assumingMemoryBound(to: UInt8.self), text.count)
    }

    @inline(__always)
    static func milliseconds(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        count >= 19 && p[4] == UInt8(ascii: "-") ? calendar(p, count) : epoch(p, count)
    }

    // MARK: calendar

    @inline(__always)
    private static func calendar(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        // Three words hold `2019-10-`, `01 00:00` and, overlapping, `00:00:00`. Exclusive or with the form leaves the
        // digits' values and zeros for the right separators; the one between date and time is looked at by itself.
        let date = load64(p) ^ 0x2D30_302D_3030_3030
        let noon = load64(p + 8) ^ 0x3030_3A30_3000_3030
        let clock = load64(p + 11) ^ 0x3030_3A30_303A_3030
        let separator = UInt8(truncatingIfNeeded: noon >> 16)
        let day = pair(noon, 0)
        let dayDigits = noon & 0xFFFF
        let wrong = notDigits(date) | notDigits(dayDigits) | notDigits(clock)
        let separators = date & 0xFF00_00FF_0000_0000 | clock & 0x0000_FF00_00FF_0000
        if wrong | separators != 0 { return nil }
        if separator != UInt8(ascii: " "), separator | 0x20 != UInt8(ascii: "t") { return nil }
        let year = pair(date, 0) * 100 + pair(date, 16)
        let month = pair(date, 40)
        let hour = pair(clock, 0)
        let minute = pair(clock, 24)
        let second = pair(clock, 48)
        if hour > 23 || minute > 59 || second > 60 { return nil }
        guard month >= 1, month <= 12, day >= 1, day <= daysIn(month, year) else { return nil }

        var milliseconds: Int64 = 0
        var offset: Int64 = 0
        // ` UTC` is REES46's form, and by far the most frequent.
        if count != 23 || load32(p + 19) != 0x4354_5520 {
            guard let tail = tail(p + 19, p + count) else { return nil }
            (milliseconds, offset) = tail
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        if second == 60, seconds % 86_400 != 0 { return nil }
        let time = seconds * 1000 + milliseconds
        return time >= 0 && time < Self.end ? time : nil
    }

    /// What follows the seconds: a fraction, then a zone.
    @inline(never)
    private static func tail(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> (milliseconds: Int64, offset: Int64)? {
        var rest = start
        var milliseconds: Int64 = 0
        if rest < end, rest.pointee == UInt8(ascii: ".") || rest.pointee == UInt8(ascii: ",") {
            guard let behind = fraction(rest + 1, end, &milliseconds) else { return nil }
            rest = behind
        }
        return zone(rest, end).map { (milliseconds, $0) }
    }

    @inline(__always)
    private static func load32(_ p: UnsafePointer<UInt8>) -> UInt32 {
        UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
    }

    /// Not zero if one of the bytes is above 9.
    @inline(__always)
    private static func notDigits(_ word: UInt64) -> UInt64 {
        (word | ((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080
    }

    /// Two digits' values, the tens at `shift`.
    @inline(__always)
    private static func pair(_ word: UInt64, _ shift: UInt64) -> Int64 {
        Int64(truncatingIfNeeded: (word &>> shift & 0xFF) &* 10 &+ (word &>> (shift &+ 8) & 0xFF))
    }

    @inline(__always)
    private static func two(_ p: UnsafePointer<UInt8>, _ bad: inout Bool) -> Int64 {
        let tens = p[0] &- 48
        let ones = p[1] &- 48
        bad = bad || tens > 9 || ones > 9
        return Int64(tens) &* 10 &+ Int64(ones)
    }

    @inline(__always)
    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return 30 + (month + month >> 3) & 1
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
    /// algorithms"): years begin in March, so that the leap day is the last one.
    @inline(__always)
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The digits behind a decimal sign, cut to milliseconds.
    private static func fraction(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ milliseconds: inout Int64
    ) -> UnsafePointer<UInt8>? {
        var p = start
        var unit: Int64 = 100
        while p < end, p.pointee &- 48 < 10 {
            milliseconds += Int64(p.pointee &- 48) * unit
            unit /= 10
            p += 1
        }
        return p > start ? p : nil
    }

    /// Seconds east of UTC. Nothing, `Z`, ` UTC`, ` GMT`, `+hh:mm` and `+hhmm` are zones, a space before each is allowed.
    @inline(__always)
    private static func zone(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int64? {
        var p = start
        if p == end { return 0 }
        if p.pointee == UInt8(ascii: " ") { p += 1 }
        let count = end - p
        if count == 1, p[0] | 0x20 == UInt8(ascii: "z") { return 0 }
        if count == 3 {
            if p[0] == UInt8(ascii: "U"), p[1] == UInt8(ascii: "T"), p[2] == UInt8(ascii: "C") { return 0 }
            if p[0] == UInt8(ascii: "G"), p[1] == UInt8(ascii: "M"), p[2] == UInt8(ascii: "T") { return 0 }
            return nil
        }
        guard count == 6 || count == 5, p[0] == UInt8(ascii: "+") || p[0] == UInt8(ascii: "-") else { return nil }
        var bad = count == 6 && p[3] != UInt8(ascii: ":")
        let hours = two(p + 1, &bad)
        let minutes = two(p + count - 2, &bad)
        if bad || hours > 23 || minutes > 59 { return nil }
        let seconds = hours * 3600 + minutes * 60
        return p[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    // MARK: epoch

    private static func epoch(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        let end = start + count
        var p = start
        var whole: UInt64 = 0
        while p < end, p.pointee &- 48 < 10 {
            guard whole < 1_000_000_000_000_000_000 else { return nil }
            whole = whole &* 10 &+ UInt64(p.pointee &- 48)
            p += 1
        }
        guard p > start else { return nil }
        if p == end { return scaled(whole, 0) }
        if p.pointee == UInt8(ascii: ".") {
            var thousandths: Int64 = 0
            guard let behind = fraction(p + 1, end, &thousandths) else { return nil }
            if behind == end { return scaled(whole, thousandths) }
        }
        return scientific(start, count)
    }

    /// - Parameter thousandths: of the unit that `whole` turns out to be in.
    private static func scaled(_ whole: UInt64, _ thousandths: Int64) -> Int64? {
        let time: Int64
        switch whole {
        case ..<100_000_000_000: time = Int64(whole) * 1000 + thousandths
        case ..<100_000_000_000_000: time = Int64(whole)
        case ..<100_000_000_000_000_000: time = Int64(whole / 1000)
        default: time = Int64(whole / 1_000_000)
        }
        return time < end ? time : nil
    }

    /// Numbers with an exponent, as some serialisers write large ones.
    @inline(never)
    private static func scientific(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        guard let value = DecimalNumber.parse(start, count), value >= 0, value < 1e19 else { return nil }
        let whole = UInt64(value)
        return scaled(whole, Int64((value - Double(whole)) * 1000))
    }
}
