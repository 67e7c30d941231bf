// Whatever comes back for what the dashboard asks, it says something that people can read: no page breaks, stays blank or
// loads for ever, and none shows what was meant for machines.

import { check, signIn, until, withPage } from './browser.mjs'
import { places } from './pages.mjs'

const FAULT = '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Reason><s:Text>undefined</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
const PAGE = '<!doctype html><html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>'

const text = (status, contentType, body) => (route) => route.fulfill({ status, contentType, body })
const json = (status, value) => text(status, 'application/json', JSON.stringify(value))
const problem = (status, value) => text(status, 'application/problem+json', JSON.stringify(value))
const NULLS = { type: null, code: null, title: null, detail: null, next: null, said: null, right: null }

/** What comes back instead of an answer. */
const BAD = {
  'a page of an error': text(500, 'text/html', PAGE),
  'a message of WS-Man': text(502, 'application/soap+xml', FAULT),
  'such a message within a problem': problem(502, { code: 'E4001', title: FAULT, detail: FAULT, next: PAGE }),
  'a page that is none of ours': text(200, 'text/html', PAGE),
  'an empty object': json(200, {}),
  'an empty list': json(200, []),
  'null': json(200, null),
  'a list of nulls': json(200, [null]),
  'nothing': text(200, 'application/json', ''),
  'a refusal without fields': problem(403, {}),
  'a refusal of nulls': problem(404, NULLS),
  'a conflict that says too little': problem(409, { code: 'E2030' }),
  'too many requests, in other forms': problem(429, { code: 7, title: { a: 1 }, detail: [null], next: 0, said: { key: null }, right: {} }),
  'a validator that names nothing': problem(400, { errors: [null] }),
  'a stranger': problem(401, NULLS),
  'unavailable': problem(503, { title: 'busy', detail: null, said: {} }),
  'no connection': (route) => route.abort('connectionreset')
}

/** Those that differ most, for what a page asks beyond its first thing. */
const FEW = ['a message of WS-Man', 'an empty object', 'an empty list', 'null', 'nothing', 'a refusal of nulls']

const MACHINES = /\bundefined\b|\bnull\b|\bNaN\b|\bInfinity\b|Invalid Date|\[object |<\/?[a-z!?][\w:-]*[ >/]|TypeError|Cannot read|is not a function|not iterable|\{\w+\}|\bs:Envelope\b/i

/** What the page says, its notes, dialogs, hints and title included. */
const said = (page) => page.evaluate(() =>
  [document.title, document.body.innerText, ...[...document.querySelectorAll('[title], [aria-label], [placeholder]')]
    .flatMap((one) => [one.title, one.ariaLabel, one.placeholder])].filter(Boolean).join('\n'))

/** A page at rest, or what is wrong with it. */
async function judged(page, where) {
  const rests = () => {
    const main = document.querySelector('main')
    return main && main.innerText.trim() && !main.querySelector('.loading') && main.querySelector('h1, [role=alert]')
  }
  const rested = await page.waitForFunction(rests, null, { timeout: 15_000 }).catch(() => null)
  if (!rested) return [`${where}: stays blank or loads for ever: ${(await page.locator('body').innerText()).slice(-200)}`]
  const text = await said(page)
  const found = MACHINES.exec(text)
  return found ? [`${where}: says ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 60))}`] : []
}

/** To another page as a click on a link does it, without loading all anew. */
const go = (page, path) => page.evaluate((to) => history.pushState(null, '', to), path)

/** Who is signed in, and what happens, is known well: without them there are no pages. */
const NEEDED = /\/api\/v1\/(session|whoami|permissions|events)$/

/** Pages whose first answer makes all others be asked for. */
const first = (task) => new RegExp(`/api/v1/(status|devices/${task.device}|devices|features/.*|amt/features/.*)(\\?|$)`)

/** What is asked for without changing anything, and is a deed all the same. */
const DEEDS = /\/(authorize\/|amt\/userConsentCode\/|audit\/(verify|export)|support-bundle)/

/** For deeds: those that are refusals, and those that say that all went well. */
const REFUSALS = ['a page of an error', 'a message of WS-Man', 'such a message within a problem', 'a refusal of nulls', 'a conflict that says too little', 'too many requests, in other forms', 'a validator that names nothing', 'no connection']
const SUCCESSES = ['a page that is none of ours', 'an empty object', 'an empty list', 'null', 'nothing']

const button = (where, name) => where.getByRole('button', { name, exact: true })

/** The main deeds: where, how, and the words that only a PC that did it may cause. */
function deeds(task) {
  const device = `/devices/${task.device}`
  const dialog = (page) => page.getByRole('dialog')
  const edit = async (page, ...names) => {
    await button(page, 'Edit').click()
    for (const name of names) await button(dialog(page), name).click()
  }
  return [
    ['switches off', device, async (page) => {
      await button(page, 'Power off').click()
      await button(dialog(page), 'Power off').click()
    }, 'Power off: done'],
    ['resets', device, async (page) => {
      await button(page, 'Reset').click()
      await button(dialog(page), 'Reset').click()
    }, 'Reset: done'],
    ['saves a device', device, async (page) => {
      await button(page, 'Edit').click()
      await dialog(page).getByLabel('Name').fill('pc-renamed')
      await button(dialog(page), 'Save').click()
    }],
    ['blocks a device', device, (page) => edit(page, 'Block')],
    ['forgets a device', device, (page) => edit(page, 'Forget this PC', 'Really forget it and end its tunnel')],
    ['reconnects', device, (page) => button(page, 'Reconnect').click()],
    ['asks for consent', `${device}/screen`, (page) => button(page, 'Ask for the code').click()],
    ['shows the screen', `${device}/screen`, (page) => button(page, 'Show the screen').click()],
    ['opens the terminal', `${device}/terminal`, (page) => button(page, 'Open the terminal').click()],
    ['mounts an image', `${device}/media`, async (page) => {
      await page.getByLabel('Image').selectOption({ index: 1 })
      await button(page, 'Mount').click()
    }],
    ['changes a feature', `${device}/features`, (page) => page.getByRole('button', { name: /^Terminal \(SOL\): / }).click()],
    ['uploads', '/media', async (page) => {
      await page.getByLabel('ISO file').setInputFiles({ name: 'bad.iso', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4096) })
      await button(page, 'Upload').click()
    }],
    ['deletes an image', '/media', async (page) => {
      await button(page, 'Delete kept.iso').click()
      await button(dialog(page), 'Delete').click()
    }],
    ['adds a PC', '/add', async (page) => {
      await page.getByLabel('Address of the PC').fill('192.0.2.7')
      await page.getByLabel('AMT password', { exact: true }).fill('P@ssw0rd1!')
      await button(page, 'Add the PC').click()
    }],
    ['makes a user', '/people', async (page) => {
      await button(page, 'Make a user').click()
      await dialog(page).getByLabel('Name').fill('eva')
      await dialog(page).getByLabel('Password').fill('a first password')
      await button(dialog(page), 'Make a user').click()
    }],
    ['makes a token', '/people?tab=tokens', async (page) => {
      await page.getByLabel('Name').fill('walked')
      await button(page, 'Make a token').click()
    }],
    ['reloads certificates', '/settings', (page) => button(page, 'Reload certificates').click()],
    ['checks the audit log', '/audit', (page) => button(page, 'Verify').click()],
    ['exports the audit log', '/audit', (page) => button(page, 'Export').click()],
    ['bundles for help', '/health', (page) => button(page, 'Support bundle').click()],
    ['changes the password', '/account', async (page) => {
      await page.getByLabel('Password so far').fill(task.password)
      await page.getByLabel('New password').fill('another password')
      await page.getByLabel('Password again').fill('another password')
      await button(page, 'Change the password').click()
    }]
  ]
}

/** An image for what is done with images. */
async function keepImage(page, task) {
  const headers = { authorization: `Bearer ${task.token}` }
  const made = await page.request.post(`${task.dashboard}api/v1/media`, { headers, data: { name: 'kept.iso', size: 2048 } })
  const { id } = await made.json()
  const sent = await page.request.patch(`${task.dashboard}api/v1/media/${id}`, {
    headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }, data: Buffer.alloc(2048)
  })
  check(sent.ok(), `an image is in the library: ${sent.status()}`)
}

/** Of a first visit, in bytes on the wire: all files and answers until there are figures. */
const FIRST_VISIT = 300_000

export const answers = {
  /** Nothing is in the browser yet; what it loads until the overview shows figures and curves is little. */
  async firstVisit(task) {
    await withPage(task, async (page, complaints) => {
      const line = await page.context().newCDPSession(page)
      const [names, sizes] = [new Map(), new Map()]
      line.on('Network.responseReceived', ({ requestId, response }) => names.set(requestId, new URL(response.url).pathname))
      line.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength))
      await line.send('Network.enable')
      await signIn(page, task)
      await page.locator('.tiles b').first().waitFor()
      await page.locator('figure.chart canvas').first().waitFor()
      await until('all that was begun has come', () => [...names].every(([id, path]) => sizes.has(id) || path.endsWith('/events')))
      const all = [...sizes].map(([id, bytes]) => [names.get(id), bytes]).sort(([, one], [, other]) => other - one)
      const sum = all.reduce((so, [, bytes]) => so + bytes, 0)
      console.log(JSON.stringify({ firstVisit: sum, files: all }))
      check(all.some(([path]) => /\/assets\/index-.*\.js$/.test(path)), 'the program of the page is among them')
      check(sum <= FIRST_VISIT, `${sum} bytes: ${all.map(([path, bytes]) => `${path} ${bytes}`).join(', ')}`)
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** Each of the main deeds, for each of these: it is said that it failed, in words, and never that it was done when nobody said so. */
  async badOutcomes(task) {
    await withPage(task, async (page) => {
      const problems = []
      page.on('pageerror', (error) => problems.push(error.stack ?? error.message))
      await signIn(page, task)
      await keepImage(page, task)
      let bad
      let met = 0
      await page.route(/\/api\/v1\//, async (route) => {
        const [method, url] = [route.request().method(), route.request().url()]
        if (bad && (method !== 'GET' || DEEDS.test(url))) {
          met++
          return BAD[bad](route)
        }
        if (!url.includes('/amt/features/')) return route.continue()
        // A PC whose person must agree.
        const answer = await route.fetch()
        await route.fulfill({ json: { ...(await answer.json()), userConsent: 'all', optInState: 0 } })
      })
      for (const [what, path, deed, done] of deeds(task)) {
        for (const name of [...REFUSALS, ...SUCCESSES]) {
          bad = undefined
          met = 0
          await go(page, '/permissions')
          await page.locator('main h1').waitFor()
          await go(page, path)
          bad = name
          await deed(page)
          await until(`${what} with ${name} asks`, () => met > 0)
          await page.waitForFunction(() => !document.querySelector('main button.primary:disabled, dialog button:disabled'), null, { timeout: 10_000 }).catch(() => {})
          const where = `${what} with ${name}`
          problems.push(...(await judged(page, where)))
          const refused = REFUSALS.includes(name)
          if (refused) {
            const told = page.locator('[role=alert], .toast.problem').filter({ hasText: /\S/ }).first()
            await told.waitFor({ timeout: 10_000 }).catch(() => problems.push(`${where}: says nothing of it`))
            const text = await said(page)
            const found = MACHINES.exec(text)
            if (found) problems.push(`${where}: says ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 60))}`)
          }
          if (done && (await said(page)).includes(done)) problems.push(`${where}: says that it is done`)
          for (const toast of await page.locator('.toast button').all()) await toast.click().catch(() => {})
        }
        console.log(JSON.stringify({ done: what }))
      }
      check(problems.length === 0, `\n${problems.join('\n')}`)
    })
  },

  /** Each page, for each of these. */
  async badAnswers(task) {
    await withPage(task, async (page) => {
      const problems = []
      const thrown = []
      page.on('pageerror', (error) => thrown.push(error.stack ?? error.message))
      await signIn(page, task)
      const paths = await places(page, task)
      let bad
      let good = NEEDED
      await page.route(/\/api\/v1\//, (route) => {
        const url = route.request().url()
        return !bad || NEEDED.test(url) || good.test(url) ? route.continue() : BAD[bad](route)
      })
      for (const [names, well] of [[Object.keys(BAD).filter((name) => name !== 'a stranger'), NEEDED], [FEW, first(task)]]) {
        for (const name of names) {
          [bad, good] = [name, well]
          for (const path of paths) {
            await go(page, '/account')
            await page.locator('main h1').waitFor()
            await go(page, path)
            problems.push(...(await judged(page, `${path} with ${name}${well === NEEDED ? '' : ' after its first answer'}`)))
          }
          console.log(JSON.stringify({ looked: name }))
        }
      }
      // Whoever is not known any more is asked to sign in, whatever the refusal says.
      [bad, good] = ['a stranger', NEEDED]
      await go(page, '/account')
      await go(page, paths.find((path) => path.startsWith('/devices')))
      await page.getByLabel('User').waitFor()
      const found = MACHINES.exec(await said(page))
      if (found) problems.push(`the sign-in says ${found[0]}`)
      problems.push(...thrown)
      check(problems.length === 0, `\n${problems.join('\n')}`)
    })
  }
}
