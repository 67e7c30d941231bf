// Somebody who has read the README: opens what was printed, signs in, and clicks the words that stand there.

import { pictureOf, signIn, until, withPage } from './browser.mjs'

export async function newcomer(task) {
  const begin = Date.now()
  await withPage(task, async (page) => {
    await signIn(page, task)
    for (const words of task.clicks) {
      const named = { name: words, exact: true }
      await page.getByRole('link', named).or(page.getByRole('button', named)).first().click()
    }
    await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
  })
  console.log(JSON.stringify({ seconds: (Date.now() - begin) / 1000 }))
}
