// What a PC allows only after the person in front of it agreed.

import { execFileSync } from 'node:child_process'
import { bootForm, check, open, pictureOf, signIn, startScreen, until, withPage } from './browser.mjs'

/** What stands on the PC's screen. */
function codeOf(task) {
  const [program, ...args] = task.pc
  return /\b(\d{6})\b/.exec(JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))[0].front.join('\n'))?.[1]
}

const wrongOf = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** Asks for a code; gives it once the PC shows it. */
async function asked(page, task) {
  await page.getByRole('button', { name: 'Ask for the code' }).click()
  return until('a code on the screen of the PC', () => codeOf(task))
}

export const consents = {
  /** A PC in Client Control Mode: no consent, no screen; a wrong code costs a try; the right one opens it. */
  async consent(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, `devices/${task.device}/screen`)
      await page.getByRole('button', { name: 'Show the screen' }).click()
      const overlay = page.locator('.overlay[data-code="E2032"]')
      await overlay.waitFor()
      await page.setViewportSize({ width: 360, height: 740 })
      await until('all that is said fits the box on a phone', () => overlay.evaluate((box) => {
        const stage = box.parentElement.getBoundingClientRect()
        return [...box.children].every((one) => {
          const { top, bottom } = one.getBoundingClientRect()
          return top >= stage.top && bottom <= stage.bottom
        })
      }))
      await page.setViewportSize({ width: 1280, height: 800 })
      const first = await asked(page, task)
      const seconds = async () => Number(/(\d+) s more/.exec(await page.getByRole('timer').innerText())?.[1])
      const left = await seconds()
      check(left > task.shown / 2 && left <= task.shown, `the PC's own time-out, not another: ${left} of ${task.shown}`)
      await page.getByRole('button', { name: 'Withdraw' }).click()
      await page.getByRole('button', { name: 'Ask for the code' }).waitFor()
      await until('no code any more', () => !codeOf(task))
      const code = await asked(page, task)
      check(code !== undefined && first !== undefined, 'two codes')
      await page.getByLabel('The PC shows a code').fill(wrongOf(code))
      await page.getByRole('button', { name: 'Send code' }).click()
      await page.getByText('The code was wrong (2 tries left)').waitFor()
      await page.getByLabel('The PC shows a code').fill(code)
      await page.getByRole('button', { name: 'Send code' }).click()
      await page.getByText('The PC accepted the code', { exact: false }).waitFor()
      await page.getByText('live', { exact: true }).waitFor()
      await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
      // AMT answers a wrong code with a refusal, which browsers log.
      const others = complaints.filter((line) => !line.includes('status of 400'))
      check(others.length === 0, others.join('\n'))
    })
  },

  /** The same PC boots from a web server only after the person there agreed; no means no, and a wrong code is no yes. */
  async consentToBoot(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      const dialog = await bootForm(page, task, task.device)
      await dialog.getByLabel('Address of what is booted').fill(task.url)
      const boot = async () => {
        await dialog.getByRole('button', { name: 'Boot it', exact: true }).click()
        // What an earlier answer said stays on the page until there is a new one.
        const answered = page.waitForResponse((reply) => reply.url().includes('/amt/power/bootOptions/'))
        await dialog.getByRole('button', { name: /^Yes, reset / }).click()
        await answered
      }
      await boot()
      await dialog.getByText('E2032').first().waitFor()
      await asked(page, task)
      await dialog.getByRole('button', { name: 'Withdraw' }).click()
      await dialog.getByRole('button', { name: 'Ask for the code' }).waitFor()
      await until('no code any more', () => !codeOf(task))
      const code = await asked(page, task)
      await dialog.getByLabel('The PC shows a code').fill(wrongOf(code))
      await dialog.getByRole('button', { name: 'Send code' }).click()
      await dialog.getByText('The code was wrong (2 tries left)').waitFor()
      await boot()
      await dialog.getByText('E2032').first().waitFor()
      await dialog.getByLabel('The PC shows a code').fill(code)
      await dialog.getByRole('button', { name: 'Send code' }).click()
      await dialog.getByText('The PC accepted the code', { exact: false }).waitFor()
      check(await dialog.getByLabel('Address of what is booted').inputValue() === task.url, 'nothing has to be typed again')
      await boot()
      await dialog.getByText(`was told to boot from ${task.url}`, { exact: false }).waitFor()
      const others = complaints.filter((line) => !/status of 4/.test(line))
      check(others.length === 0, others.join('\n'))
    })
  }
}
