// Screens: with a second viewer, and through a power cycle; and what a fleet page shows while PCs come and go; and signing in
// at a provider.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { check, open, pictureOf, rest, signIn, startScreen, until, withPage } from './browser.mjs'

async function confirm(page, action) {
  await page.getByRole('button', { name: action, exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click()
  await page.getByText(`${action}: done`).waitFor()
  const dialog = page.getByRole('dialog')
  const text = await dialog.innerText()
  await dialog.getByRole('button', { name: 'Close' }).click()
  return text
}

/** The second sees what the first sees, and is given the screen by the first, who was asked for it. */
async function watchAndAsk(one, two, task) {
  const all = await rest(one, task, '/redirections')
  const { id } = all.find((other) => other.guid === task.device)
  const strange = { headers: { authorization: `Bearer ${task.token}`, 'content-type': 'image/png' }, data: 'x' }
  const asked = async (method) => (await two.request[method](`${task.dashboard}api/v1/redirections/${id}/picture`, strange)).status()
  check((await asked('put')) === 403, 'whose screen it is not shows nothing to others')
  check((await asked('get')) === 400, 'who does not watch sees nothing')
  check((await one.getByText('Watching along').count()) === 0, 'nobody watches yet')
  await two.getByRole('button', { name: 'Watch', exact: true }).click()
  await one.getByText(`Watching along: ${task.user}`).waitFor()
  await two.getByText(`You watch what ${task.user} sees`).waitFor()
  const seen = () => two.locator('canvas.watched').evaluate((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((value, at) => at % 4 !== 3 && value).length)
  await until('a picture for who watches', async () => (await seen()) > 1000)
  check((await one.getByText('live', { exact: true }).count()) === 1, 'watching takes nothing away')
  await two.getByRole('button', { name: 'Stop watching' }).click()
  await one.getByText('Watching along').waitFor({ state: 'detached' })
  // A token is somebody of its own, so the shell signs in as the person in front of the screen.
  const signedIn = await two.request.post(`${task.dashboard}api/v1/authorize`, { data: { username: task.user, password: task.password } })
  const { token } = await signedIn.json()
  const env = { ...process.env, ...task.shell.env, VIADUCT_TOKEN: token }
  const shell = (...words) => execFileSync(task.shell.program, ['redirections', ...words], { env })
  shell('watch', String(id), '--to', task.picture)
  check(readFileSync(task.picture).subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')), 'what the screen shows, as a file')
  await two.getByRole('button', { name: `Ask ${task.user} for it` }).click()
  await two.getByText(`${task.user} was asked`).waitFor()
  await one.getByText(`${task.user} asks for it.`).waitFor()
  await one.getByRole('button', { name: 'Keep it' }).click()
  await two.getByText(`${task.user} keeps it for now`).waitFor()
  const again = async () => {
    await two.getByRole('button', { name: `Ask ${task.user} for it` }).click()
    await two.getByText('keeps it for now').waitFor({ state: 'detached' })
    await one.getByText(`${task.user} asks for it.`).waitFor()
  }
  await again()
  shell('keep', String(id))
  await two.getByText(`${task.user} keeps it for now`).waitFor()
  await again()
  await one.getByRole('button', { name: `Give it to ${task.user}` }).click()
  await two.getByText('live', { exact: true }).waitFor()
}

export const sessions = {
  /** A text is typed with the keys that the PC's layout has it on, and Shift is down for what needs it. */
  async pasted(task) {
    await withPage(task, async (page, complaints) => {
      const keys = []
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => {
        const frame = Buffer.from(payload, 'latin1')
        if (frame.length === 8 && frame[0] === 4 && frame[1] === 1) keys.push(frame.readUInt32BE(4))
      }))
      await signIn(page, task)
      await startScreen(page, task)
      const [shift, altGr] = [0xffe1, 0xffea]
      const of = (...all) => all.flat().map((one) => (typeof one === 'string' ? one.charCodeAt(0) : one))
      const texts = [
        ['US', 'aZ1!', of('a', shift, 'Z', '1', shift, '!')],
        ['German', 'zY?@ß', of('y', shift, 'Z', shift, '_', altGr, 'q', '-')],
        ['French', 'aM1.', of('q', shift, ':', shift, '!', shift, '<')]
      ]
      for (const [layout, text, wanted] of texts) {
        keys.length = 0
        await page.getByRole('button', { name: 'Type a text' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('textbox').fill(text)
        await dialog.getByRole('combobox').selectOption({ label: layout })
        await dialog.getByRole('button', { name: 'Type it' }).click()
        await until(`${layout}: ${text} as ${wanted}, not ${keys}`, () => keys.length >= wanted.length)
        check(keys.join() === wanted.join(), `${layout}: ${text} as ${wanted}, not ${keys}`)
      }
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /**
   * A page out of sight, frozen, or on a machine that slept shows no old picture as live: after its return it asks for the
   * whole picture, and is live when that has come; when nothing comes, the session is over, and that is said.
   */
  async awayPage(task) {
    await withPage(task, async (page, complaints) => {
      await page.addInitScript(() => {
        let shown = 'visible'
        Object.defineProperty(document, 'visibilityState', { get: () => shown })
        window.see = (state) => {
          shown = state
          document.dispatchEvent(new Event('visibilitychange'))
        }
      })
      const whole = []
      let deaf = false
      // The relay as it is, until nothing comes through any more though the socket stays.
      await page.routeWebSocket(/webrelay/, (socket) => {
        const server = socket.connectToServer()
        socket.onMessage((message) => {
          const bytes = Buffer.from(message, typeof message === 'string' ? 'latin1' : undefined)
          if (bytes.length === 10 && bytes[0] === 3 && bytes[1] === 0) whole.push(bytes)
          if (!deaf) server.send(message)
        })
        server.onMessage((message) => { if (!deaf) socket.send(message) })
      })
      await signIn(page, task)
      await startScreen(page, task)
      // What a PC shows while it starts has another size, and a change of size asks for the whole picture too.
      await until('the desktop', async () => (await page.locator('canvas').evaluate(({ width }) => width)) === 800)
      await until('its picture', async () => (await pictureOf(page)).drawn > 1000)
      const live = page.getByText('live', { exact: true })
      const old = page.getByText('asking for a fresh picture')
      await page.evaluate(() => window.see('hidden'))
      await old.waitFor()
      // Counted from here: what was asked for before may still have been on its way.
      const first = whole.length
      check((await live.count()) === 0 && (await page.locator('canvas.dead').count()) === 1, 'a page nobody sees shows nothing as live')
      check(whole.length === first, 'nobody sees it: nothing is asked for')
      const began = Date.now()
      await page.evaluate(() => window.see('visible'))
      await live.waitFor()
      console.log(JSON.stringify({ fresh: Date.now() - began }))
      // What the page sent may be told a moment after what it shows.
      await until('the whole picture was asked for', () => whole.length > first)
      check((await page.locator('canvas.dead').count()) === 0, 'and it is live')
      await page.evaluate(() => document.dispatchEvent(new Event('freeze')))
      await old.waitFor()
      await page.evaluate(() => document.dispatchEvent(new Event('resume')))
      await live.waitFor()
      // The machine sleeps: its clock jumps.
      const before = whole.length
      await page.evaluate(() => {
        const now = Date.now
        Date.now = () => now() + 3_600_000
      })
      await until('asked again', () => whole.length > before)
      await live.waitFor()
      deaf = true
      // Empty, as it is after a change of size: what was shown once is awaited all the same.
      await page.locator('canvas').evaluate((canvas) => { canvas.width = canvas.width + 0 })
      await page.evaluate(() => window.see('hidden'))
      await page.evaluate(() => window.see('visible'))
      await page.getByText('did not answer any more when this page came back').waitFor()
      check((await live.count()) === 0, 'a session without an answer is not live')
      deaf = false
      await page.getByRole('button', { name: 'Connect again' }).click()
      await live.waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The browser halted the page and cut its connections, as phones do: the screen is live again without being asked. */
  async halted(task) {
    await withPage(task, async (page, complaints) => {
      // What a page learns of that, as a browser under test halts none that is in sight.
      await page.addInitScript(() => {
        const sockets = []
        window.WebSocket = class extends WebSocket {
          constructor(...given) {
            super(...given)
            sockets.push(this)
          }
        }
        window.cut = (halted) => {
          if (halted) document.dispatchEvent(new Event('resume'))
          const socket = sockets.at(-1)
          socket.close()
          socket.dispatchEvent(new CloseEvent('close', { code: 1006 }))
        }
      })
      await signIn(page, task)
      await startScreen(page, task)
      const sessions = async () => (await rest(page, task, '/redirections')).map(({ id }) => id)
      const [first] = await sessions()
      await page.evaluate(() => window.cut(true))
      await until('another session', async () => (await sessions()).some((id) => id !== first))
      await page.getByText('live', { exact: true }).waitFor()
      await page.evaluate(() => window.cut(false))
      await page.getByText('Session ended').waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 0, 'one that was cut while the page ran is over')
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A PC that says nothing any more: its picture is said to be old long before its tunnel ends, and live again when it answers. */
  async silent(task) {
    const tell = ([program, ...args]) => execFileSync(program, args)
    await withPage(task, async (page) => {
      await signIn(page, task)
      await startScreen(page, task)
      tell(task.silent)
      await page.getByText('the PC does not answer; this is how it was before').waitFor()
      check((await page.locator('canvas.dead').count()) === 1, 'the picture looks old')
      tell(task.talking)
      await page.getByText('live', { exact: true }).waitFor()
      check((await page.locator('canvas.dead').count()) === 0, 'the picture is fresh')
    })
  },

  /** Two browsers: the second is told who has the screen, waits, takes over; the first is told that. */
  async secondViewer(task) {
    await withPage(task, async (one, complaints) => {
      await signIn(one, task)
      await startScreen(one, task)
      const [{ id: held }] = await rest(one, task, '/redirections')
      await withPage(task, async (two, others) => {
        await signIn(two, task)
        await open(two, task, `devices/${task.device}/screen`)
        await two.getByRole('button', { name: 'Show the screen' }).click()
        await two.getByText(new RegExp(`${task.user} is connected`)).waitFor()
        await one.getByText('live', { exact: true }).waitFor()
        check((await rest(two, task, '/redirections')).map(({ id }) => id).join() === String(held), 'the first is not disturbed')
        await watchAndAsk(one, two, task)
        await one.getByRole('button', { name: 'Show the screen' }).click()
        await one.getByText(new RegExp(`${task.user} is connected`)).waitFor()
        await one.getByRole('button', { name: 'Take over' }).click()
        await one.getByText('live', { exact: true }).waitFor()
        await two.getByRole('button', { name: 'Connect again' }).click()
        await two.getByText(new RegExp(`${task.user} is connected`)).waitFor()
        await two.getByRole('button', { name: 'Take over' }).click()
        await two.getByText('live', { exact: true }).waitFor()
        await one.locator('.overlay[data-code="E2035"]').waitFor()
        check((await one.getByText('live', { exact: true }).count()) === 0, 'what was taken is not shown as live')
        await one.getByRole('button', { name: 'Connect again' }).click()
        await one.getByText(new RegExp(`${task.user} is connected`)).waitFor()
        await one.getByRole('button', { name: 'Connect when it is free' }).click()
        await one.getByText('Waiting until it is free').waitFor()
        await open(two, task, 'redirections')
        await one.getByText('live', { exact: true }).waitFor()
        // Leaving its page ended the second; the list shows the first, and ends it. What the list showed before may have
        // been the second.
        await two.reload()
        await two.getByRole('cell', { name: 'Screen' }).waitFor()
        await two.getByRole('button', { name: 'End', exact: true }).click()
        await one.locator('.overlay[data-code="E2036"]').waitFor()
        check(others.length === 0, others.join('\n'))
      })
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** Keys that are down when the keyboard is wanted elsewhere go up at the PC: it would repeat them until it is restarted. */
  async heldKeys(task) {
    await withPage(task, async (page, complaints) => {
      // RFB's messages about keys (4), as the PC gets them.
      const down = new Set()
      const heard = new Set()
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => {
        const message = Buffer.from(payload)
        if (message[0] !== 4 || message.length !== 8) return
        heard.add(message.readUInt32BE(4))
        if (message[1]) down.add(message.readUInt32BE(4))
        else down.delete(message.readUInt32BE(4))
      }))
      await signIn(page, task)
      await startScreen(page, task)
      await page.locator('canvas').focus()
      for (const key of ['Shift', 'a', 'ArrowLeft']) await page.keyboard.down(key)
      await until('three keys that are down', () => down.size === 3)
      await page.getByRole('button', { name: 'Screenshot' }).focus()
      await until('none that is down', () => down.size === 0)
      for (const key of ['ArrowLeft', 'a', 'Shift']) await page.keyboard.up(key)
      await page.keyboard.press('b')
      await page.locator('canvas').focus()
      await page.keyboard.press('c')
      await until('a key for the PC', () => heard.has(0x63))
      check(!heard.has(0x62), 'what is typed elsewhere is not for the PC')
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A session that is open and shows nothing: after five seconds the page lists why, and takes it back when a picture comes. */
  async noPicture(task) {
    await withPage(task, async (page, complaints) => {
      // Requests for a picture (RFB 3) are lost on the way until this is true.
      let asks = false
      await page.routeWebSocket(/\/relay\//, (near) => {
        const far = near.connectToServer()
        near.onMessage((message) => {
          const first = typeof message === 'string' ? message.charCodeAt(0) : message[0]
          if (first !== 3 || message.length !== 10 || asks) far.send(message)
        })
      })
      await signIn(page, task)
      await open(page, task, `devices/${task.device}/screen`)
      await page.getByRole('button', { name: 'Show the screen' }).click()
      await page.getByText('live', { exact: true }).waitFor()
      // The page stands still for a while, and what it would wait for is over by the time it says what is missed.
      await page.evaluate(() => {
        const [date, clock, begun] = [Date.now, performance.now.bind(performance), performance.now()]
        Date.now = () => date() + 10_000
        performance.now = () => begun + (clock() - begun) * 20
      })
      const why = page.getByText('No picture after five seconds', { exact: false })
      await why.waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 1, 'a session is not over because the PC shows nothing')
      check((await page.getByRole('alert').getByRole('listitem').count()) === 5, 'the causes are listed')
      asks = true
      await page.getByRole('button', { name: 'End', exact: true }).click()
      await why.waitFor({ state: 'detached' })
      await page.getByRole('button', { name: 'Show the screen' }).click()
      await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
      // They come here too when the picture takes longer, and go with it.
      await why.waitFor({ state: 'detached' })
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** Off and on from the page of the screen: it is closed first and says so, and shows the PC again when it is back. */
  async powerCycle(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await startScreen(page, task)
      const said = await confirm(page, 'Power off')
      check(said.includes('was closed first'), said)
      await page.getByText('closed before “Power off”', { exact: false }).waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 0, 'nothing says live any more')
      await page.getByText('Power: off').waitFor()
      await page.getByRole('button', { name: 'Connect again' }).click()
      await page.getByText('live', { exact: true }).waitFor()
      // A PC that is off sends black; the page says so, with the way out beside it.
      await page.getByText('The PC is off: there is no picture.').waitFor()
      check((await pictureOf(page)).drawn === 0, 'a PC that is off shows nothing')
      await page.getByRole('button', { name: 'Switch it on' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Power on' }).click()
      await page.getByText('Power on: done').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
      await page.getByText('Power: on').waitFor()
      await until('the picture of a PC that is on', async () => (await pictureOf(page)).drawn > 1000)
      check((await page.getByText('The PC is off').count()) === 0, 'nothing says off any more')
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The counts of the fleet follow PCs that leave and come, without a reload. */
  async liveCounts(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      const tile = page.locator('.tiles li').filter({ hasText: /connected/ }).locator('b')
      const count = async () => Number(await tile.first().innerText())
      await until('all are here', async () => (await count()) === task.connected)
      await page.evaluate(() => { window.notReloaded = true })
      console.log('{"ready":true}')
      await until('one has left', async () => (await count()) === task.connected - 1)
      console.log('{"left":true}')
      await until('it is back', async () => (await count()) === task.connected)
      check(await page.evaluate(() => window.notReloaded), 'the page was not loaded again')
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The address that the command line printed leads to the provider, and back to the command line. */
  async program(task) {
    const rules = `MAP ${new URL(task.dashboard).host} ${task.address}`
    await withPage({ ...task, rules }, async (page) => {
      await page.goto(task.program)
      await page.locator('input[name="login"]').fill(task.user)
      await page.locator('input[name="password"]').fill('any')
      await page.locator('button[type="submit"]').click()
      const agree = page.getByRole('button', { name: 'Continue' })
      const end = page.getByRole('heading', { name: task.end })
      await agree.or(end).first().waitFor()
      if (await agree.isVisible()) await agree.click()
      await end.waitFor()
      await page.getByText(task.says).waitFor()
      check(new URL(page.url()).hostname === '127.0.0.1', page.url())
    })
  },

  /** The button leads to the organisation's provider, and back to where one was. */
  async provider(task) {
    const rules = `MAP ${new URL(task.dashboard).host} ${task.address}`
    await withPage({ ...task, rules }, async (page, complaints) => {
      await page.goto(`${task.dashboard}redirections`)
      await page.getByRole('link', { name: 'Sign in with your organisation' }).click()
      await page.locator('input[name="login"]').fill(task.user)
      await page.locator('input[name="password"]').fill('any')
      await page.locator('button[type="submit"]').click()
      const navigation = page.getByRole('navigation').first()
      const agree = page.getByRole('button', { name: 'Continue' })
      await agree.or(navigation).first().waitFor()
      if (await agree.isVisible()) await agree.click()
      await navigation.waitFor()
      await page.getByText(task.user).first().waitFor()
      await until('the place one came from', () => new URL(page.url()).pathname === '/redirections')
      await page.getByRole('heading', { level: 1 }).waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  }
}
