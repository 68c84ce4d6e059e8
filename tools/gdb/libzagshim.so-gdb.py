# SPDX-License-Identifier: BSD-2-Clause
"""Fibers of zagshim in gdb: a live process or a core file.

info fibers               a line a fiber
fiber                     which one is selected
fiber N                   select it: backtrace, up, info locals, are its own
fiber N COMMAND...        the same for one command
fiber apply all COMMAND   one command for each
fiber none                back to the kernel thread

A parked fiber's registers are shown as those of the caller of frame 0 of the
selected thread; nothing is written to the process.  The exported constant
zag_debug says where everything is, so no debug information is needed.
"""

import re
import struct

import gdb
import gdb.unwinder

HALVES = '''slab_next slab_class slab_base slab_carved class_stride fiber_size
fiber_align fiber_sp fiber_tp fiber_state fiber_id fiber_name fiber_start
fiber_why fiber_why_arg fiber_carrier fiber_stack_addr fiber_stack_size
why_what why_call why_arg carrier_current carrier_tid saved_count saved_size
saved_pc sp_reg'''.split()
SAVED = 12
VERSION = 1
STATES = ['free', 'ready', 'running', 'parking', 'notified', 'parked', 'done']

# DWARF's numbers of the registers that a switch saves.
NAMES = {
    'i386:x86-64': {3: 'rbx', 6: 'rbp', 7: 'rsp', 12: 'r12', 13: 'r13',
                    14: 'r14', 15: 'r15', 16: 'rip'},
    'aarch64': {**{n: 'x%d' % n for n in range(31)}, 31: 'sp'},
}


def memory(addr, size):
    return gdb.selected_inferior().read_memory(addr, size).tobytes()


def word(addr):
    return struct.unpack('<Q', memory(addr, 8))[0]


def half(addr):
    return struct.unpack('<I', memory(addr, 4))[0]


class Debug:
    """zag_debug, read once for each command."""

    def __init__(self):
        # Without debug information a symbol has no type, but an address.
        addr = int(gdb.parse_and_eval('(unsigned long)&zag_debug'))
        data = memory(addr, 32)
        magic, version, _, slabs, main = struct.unpack('<8sIIQQ', data)
        if magic != b'zagdbg\n\0' or version != VERSION:
            raise gdb.GdbError('zag_debug is of another version')
        self.slabs, self.main = slabs, main
        halves = struct.unpack('<%dI' % len(HALVES),
                               memory(addr + 32, 4 * len(HALVES)))
        self.__dict__.update(zip(HALVES, halves))
        at = addr + 32 + 4 * len(HALVES)
        flat = struct.unpack('<%dI' % (2 * SAVED), memory(at, 8 * SAVED))
        pairs = list(zip(flat[::2], flat[1::2]))
        self.saved = pairs[:self.saved_count]


class Fiber:
    def __init__(self, debug, addr):
        self.debug, self.addr = debug, addr
        self.id = word(addr + debug.fiber_id)
        self.state = half(addr + debug.fiber_state)
        self.sp = word(addr + debug.fiber_sp)
        name = memory(addr + debug.fiber_name, 16)
        self.name = name.split(b'\0')[0].decode(errors='replace')

    def lives(self):
        return (word(self.addr + self.debug.fiber_tp) and self.id and
                1 <= self.state <= 5)

    def thread(self):
        """The kernel thread that it runs on, or 0."""
        carrier = word(self.addr + self.debug.fiber_carrier)
        if self.state not in (2, 3) or not carrier:
            return 0
        if word(carrier + self.debug.carrier_current) != self.addr:
            return 0
        return half(carrier + self.debug.carrier_tid)

    def wait(self):
        why = word(self.addr + self.debug.fiber_why)
        if not why or self.state not in (3, 5):
            return ''
        text = gdb.Value(word(why + self.debug.why_what))
        text = text.cast(gdb.lookup_type('char').pointer()).string()
        arg = word(self.addr + self.debug.fiber_why_arg)
        kind = memory(why + self.debug.why_arg, 1)[0]
        if kind == 1:
            return text + (' fd %d' % arg if arg < 1 << 31 else '')
        if kind == 6:
            return '%s fiber %d' % (text, word(arg + self.debug.fiber_id))
        if kind in (3, 4, 5):
            return '%s %#x' % (text, arg)
        return text

    def start(self):
        addr = word(self.addr + self.debug.fiber_start)
        if not addr:
            return 'main'
        symbol = gdb.execute('info symbol %d' % addr, to_string=True)
        return symbol.split(' ')[0] if ' in section' in symbol else hex(addr)

    def registers(self):
        d = self.debug
        names = NAMES.get(gdb.selected_inferior().architecture().name())
        if not names:
            raise gdb.GdbError('fibers of this architecture are not known')
        regs = {names[reg]: word(self.sp + at) for reg, at in d.saved
                if reg in names}
        regs[names[d.sp_reg]] = self.sp + d.saved_size
        if d.saved_pc == 30:
            regs['pc'] = regs['x30']
        return regs


def fibers():
    d = Debug()
    found = [Fiber(d, d.main)]
    slab = word(d.slabs)
    while slab:
        stride = word(word(slab + d.slab_class) + d.class_stride)
        base = word(slab + d.slab_base)
        for i in range(1, half(slab + d.slab_carved) + 1):
            end = base + i * stride - d.fiber_size
            found.append(Fiber(d, end & ~(d.fiber_align - 1)))
        slab = word(slab + d.slab_next)
    return sorted((f for f in found if f.lives()), key=lambda f: f.id)


def find(number):
    for f in fibers():
        if f.id == number:
            return f
    raise gdb.GdbError('no fiber %d; see info fibers' % number)


class Unwinder(gdb.unwinder.Unwinder):
    """The selected fiber's frames stand above frame 0."""

    class Id:
        def __init__(self, sp, pc):
            self.sp, self.pc = sp, pc

    def __init__(self):
        super().__init__('zag-fibers')
        self.registers = None
        self.top = None

    def select(self, registers):
        # Frame 0 is told by its registers, not by its level: calls inlined
        # in it are frames with levels of their own.
        self.registers = None
        gdb.invalidate_cached_frames()
        if registers:
            frame = gdb.newest_frame()
            self.top = [int(frame.read_register(r)) for r in ('sp', 'pc')]
            self.registers = registers
            self.sp = 'rsp' if 'rsp' in registers else 'sp'
            gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if not self.registers:
            return None
        arch = pending.architecture()
        sp, pc = pending.read_register('sp'), pending.read_register('pc')
        if [int(sp), int(pc)] != self.top:
            return None
        # gdb takes a stack for corrupt whose older frames are at lower
        # addresses: frame 0 is told to be below the fiber's.
        below = gdb.Value(self.registers[self.sp] - 256).cast(sp.type)
        info = pending.create_unwind_info(self.Id(below, pc))
        kind = arch.integer_type(64, False)
        for reg, value in self.registers.items():
            info.add_saved_register(reg, gdb.Value(value).cast(kind))
        return info


unwinder = Unwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
selected = None


def to_thread(tid):
    for t in gdb.selected_inferior().threads():
        if t.ptid[1] == tid:
            t.switch()
            return True
    return False


def first_frame(frame):
    """The fiber's newest: behind those that are the kernel thread's."""
    while frame and [int(frame.read_register(r))
                     for r in ('sp', 'pc')] == unwinder.top:
        frame = frame.older()
    return frame


def select(f):
    """Make f's frames the ones that commands see."""
    global selected
    selected = f.id
    tid = f.thread()
    unwinder.select(None)
    if tid:
        if not to_thread(tid):
            raise gdb.GdbError('its thread %d is not there' % tid)
        gdb.newest_frame().select()
        return
    unwinder.select(f.registers())
    frame = first_frame(gdb.newest_frame())
    if frame is None:
        raise gdb.GdbError('its stack cannot be unwound')
    frame.select()


def deselect():
    global selected
    selected = None
    unwinder.select(None)
    if gdb.selected_thread():
        gdb.newest_frame().select()


def is_backtrace(command):
    return re.match(r'(bt|backtrace|where)(\s|$)', command)


def run(f, command):
    """One command in f; a backtrace without the frame that is not its own."""
    select(f)
    text = gdb.execute(command, to_string=True)
    if f.thread() or not is_backtrace(command):
        gdb.write(text)
        return
    first = gdb.selected_frame().level()
    hidden = True
    for line in text.splitlines(True):
        number = re.match(r'#(\d+)(\s+)', line)
        if number:
            level = int(number.group(1))
            hidden = level < first
            line = '#%-3d%s' % (level - first, line[number.end():])
        if not hidden:
            gdb.write(line)


class InfoFibers(gdb.Command):
    """A line a fiber: number, state, what it waits for, name, start."""

    def __init__(self):
        super().__init__('info fibers', gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        gdb.write('  %-6s %-9s %-34s %-16s %s\n' % (
            'Id', 'State', 'Wait', 'Name', 'Start'))
        for f in fibers():
            state = 'running' if f.thread() else STATES[f.state]
            gdb.write('%s %-6d %-9s %-34s %-16s %s\n' % (
                '*' if f.id == selected else ' ', f.id, state, f.wait(),
                f.name, f.start()))


class FiberCommand(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__('fiber', gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)

    def invoke(self, arg, from_tty):
        number, _, command = arg.strip().partition(' ')
        if not number:
            gdb.write('fiber %s\n' % selected if selected else
                      'no fiber is selected\n')
        elif number == 'none':
            deselect()
        elif not number.isdigit():
            raise gdb.GdbError('fiber N, fiber N COMMAND, fiber apply all '
                               'COMMAND or fiber none')
        elif command:
            was = selected
            try:
                run(find(int(number)), command.strip())
            finally:
                again(was)
        else:
            select(find(int(number)))
            gdb.execute('frame')


def again(was):
    if was:
        select(find(was))
    else:
        deselect()


class FiberApply(gdb.Command):
    """fiber apply all COMMAND, or fiber apply N... COMMAND."""

    def __init__(self):
        super().__init__('fiber apply', gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        words = arg.split()
        every = bool(words) and words[0] == 'all'
        numbers = []
        if every:
            words.pop(0)
        while words and words[0].isdigit():
            numbers.append(int(words.pop(0)))
        if not words or not (every or numbers):
            raise gdb.GdbError('fiber apply all COMMAND')
        was = selected
        try:
            for f in fibers():
                if every or f.id in numbers:
                    gdb.write('\nFiber %d (%s):\n' % (f.id, f.name))
                    run(f, ' '.join(words))
        finally:
            again(was)


InfoFibers()
FiberCommand()
FiberApply()
