/// The simulation's clock, and what is to happen on it. Time moves only when somebody lets it.
final class VirtualTime {
    private struct Appointment {
        var time: UInt64
        var number: Int
        var action: () -> Void
    }

    private(set) var now: UInt64 = 1_000
    private var appointments: [Appointment] = []
    private var made = 0

    /// Does something in `delay` ms.
    func after(_ delay: Int, _ action: @escaping () -> Void) {
        made += 1
        let appointment = Appointment(time: now + UInt64(delay), number: made, action: action)
        // Few are pending at a time: kept in order, the next one last.
        var place = appointments.count
        while place > 0, appointments[place - 1].time <= appointment.time { place -= 1 }
        appointments.insert(appointment, at: place)
    }

    /// Lets time pass, and does on the way what is due.
    func advance(_ milliseconds: Int) {
        let end = now + UInt64(milliseconds)
        while let next = appointments.last, next.time <= end {
            appointments.removeLast()
            now = max(now, next.time)
            next.action()
        }
        now = max(now, end)
    }
}
