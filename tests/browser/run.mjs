// Plays one scenario: `node run.mjs NAME TASK`, the task as one JSON object. Prints `done` or why not.

import { scenarios } from './scenarios.mjs'
import { keyboard } from './keyboard.mjs'
import { lists } from './lists.mjs'
import { actions } from './actions.mjs'
import { answers } from './answers.mjs'
import { consents } from './consent.mjs'
import { forms } from './forms.mjs'
import { newcomer } from './newcomer.mjs'
import { pages } from './pages.mjs'
import { screenshots } from './screenshots.mjs'
import { roles } from './roles.mjs'
import { sessions } from './sessions.mjs'

const [name, text] = process.argv.slice(2)
const task = JSON.parse(text)
const all = { ...scenarios, ...sessions, ...lists, ...forms, ...answers, ...consents, actions, keyboard, newcomer, pages, roles, screenshots }
try {
  await all[name](task)
  console.log(`{"done":"${name}"}`)
} catch (error) {
  console.log(JSON.stringify({ failed: name, why: error.stack ?? String(error) }))
  process.exitCode = 1
}
