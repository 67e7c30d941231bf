// Every page: no error, nothing serious for axe in any theme, and no scrolling sideways on a phone.

import { AxeBuilder } from '@axe-core/playwright'
import { check, signIn, withPage } from './browser.mjs'

/** The pages themselves say which there are: those of the navigation, and the tabs of devices. */
export async function places(page, task) {
  const links = async (where) => {
    await page.locator(where).first().waitFor()
    return page.locator(where).evaluateAll((all) => all.map((one) => new URL(one.href).pathname))
  }
  const found = new Set(task.part === 'navigation' ? await links('nav a[href]') : [])
  if (task.part === 'navigation') {
    // Pages within pages.
    for (const path of ['/account', '/add?door=script', '/add?door=knock', '/add?door=import', '/people?tab=roles', '/people?tab=tokens', '/permissions', '/permissions?right=power.reset']) found.add(path)
    return [...found]
  }
  await page.goto(`${task.dashboard}devices/${task.device}`)
  for (const path of await links('.tabs a')) found.add(path)
  // Without a tunnel most tabs say the same.
  for (const tab of ['summary', 'screen', 'media', 'history']) found.add(`/devices/${task.away}/${tab}`)
  return [...found]
}

export async function settled(page) {
  await page.locator('main h1').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('main .loading'))
}

/** By how many pixels the page is too wide for the window; what is laid out anew after a change of its size has time for that. */
async function sideways(page) {
  const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, null, { timeout: 10_000 }).catch(() => {})
  return page.evaluate(wide)
}

export async function pages(task) {
  await withPage(task, async (page, complaints) => {
    const problems = []
    await page.goto(task.dashboard)
    await page.getByLabel('User').waitFor()
    problems.push(...(await judged(page, 'sign-in')))
    await signIn(page, task)
    await page.evaluate((language) => localStorage.setItem('viaduct.language', language), task.language)
    for (const path of await places(page, task)) {
      await page.setViewportSize({ width: 1280, height: 800 })
      await page.goto(new URL(path, task.dashboard).href)
      await settled(page)
      // Colours are the same in all languages.
      for (const theme of task.language === 'en' ? ['light', 'dark', 'contrast'] : ['light']) {
        await page.evaluate((name) => { document.documentElement.dataset.theme = name }, theme)
        problems.push(...(await judged(page, `${path} (${theme})`, theme === 'light' ? [] : COLOURS)))
      }
      await page.setViewportSize({ width: 360, height: 740 })
      const wide = await sideways(page)
      if (wide > 0) problems.push(`${path} is ${wide} pixels too wide for 360`)
      const text = await page.locator('main').innerText()
      const word = /\bundefined\b|\[object |\bNaN\b|\bnull\b|<\/?\w+:\w+/.exec(text)
      if (word) problems.push(`${path} says ${word[0]}`)
      console.log(JSON.stringify({ looked: path }))
    }
    if (task.part === 'navigation') problems.push(...(await chosen(page, task)))
    problems.push(...complaints)
    check(problems.length === 0, `\n${problems.join('\n')}`)
  })
}

/** What is offered for several PCs at once fits a phone too, its longest deed included. */
async function chosen(page, task) {
  await page.goto(new URL('/devices', task.dashboard).href)
  await settled(page)
  await page.locator('thead input[type=checkbox]').check()
  await page.locator('.bulk select').waitFor()
  const wide = await sideways(page)
  return wide > 0 ? [`/devices with PCs chosen is ${wide} pixels too wide for 360`] : []
}

/** The rules of axe whose verdict colours change; for all others a page in another theme is the same page. */
const COLOURS = ['color-contrast', 'link-in-text-block']

/** What axe finds; by `rules` alone where some are named. */
async function judged(page, where, rules = []) {
  const axe = new AxeBuilder({ page })
  if (rules.length) axe.withRules(rules)
  const { violations } = await axe.analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${where}: ${id}, ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(' ')}`)
}
